// One test at a time: an engine takes over the console of the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
