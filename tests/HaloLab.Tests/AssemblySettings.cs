// One test at a time: torch already uses every core, and live-tensor counts and torch's thread count are process-wide.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
