"""What is observed inside a Python process: the files it opens, the modules it imports, the seeds
it sets.

    site/sitecustomize.py   starts the hook in every Python below `peira run`, by PYTHONPATH
      start.py              puts the parts in; each has `install(tell)`
        opened.py           files, by an audit hook
          libraries.py      and in the functions of libraries that open them in C
        imported.py         modules, at the end of the process
        seeds.py            seeds of random, NumPy, PyTorch, TensorFlow, JAX
        failure.py          the exception that ended the program
        surroundings.py     at the end: interpreter.py, and what computes in it, numerics.py
      spool.py              where they tell it: lines in a private folder
      ignored.py            which files are none of a run's
      border.py             what fails in here does not reach the program
      wrapped.py            functions that tell what they are called with
      later.py              calls back once a module has been imported

Only the standard library, and Python 3.8: it runs in any interpreter that a run starts, with or
without Peira, there as the package `peira_capture.hook`. So its imports are relative, and few: it
may cost a program 10 ms. It never raises into the program. `peira/capture/spool.py` reads what it
tells; docs/formats/spool.md has the lines.
"""
