"""Any program as a run: started, relayed, recorded. `launch` is the one way in which Peira starts
programs.

    launcher.py   launch(request): the program, from start to end
    record.py     its run
    command.py    from the words a person typed to the words that are executed
    script.py     what the text of a Python script tells before it runs
    flags.py      whose options are the params
    streams.py    what the program prints: passed on byte by byte, and copied
    process.py    the process: started, signals passed on to it, waited for
    metrics.py    metrics of any language: console lines, $PEIRA_METRICS
    patterns.py   what a line with metrics looks like
    queue.py      runs that wait in a lab
    item.py       the process that runs one of them
    worker.py     starts these, as many at once as there are slots
"""
