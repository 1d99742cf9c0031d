"""The same work through Peira and five other trackers, side by side. See `benchmarks/README.md`."""
