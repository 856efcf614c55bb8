// One test at a time: the programs that they start use what cores there are, and some tests compute with torch themselves, whose thread count is process-wide.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
