// What every notebook of HaloLab loads first: the built library, and how many threads it may use.
// Build it once: dotnet build src/HaloLab.Cli -c Release
#r "../src/HaloLab.Cli/bin/Release/net10.0/linux-x64/HaloLab.dll"
#r "../src/HaloLab.Cli/bin/Release/net10.0/linux-x64/HaloLab.Notebooks.dll"
#r "../src/HaloLab.Cli/bin/Release/net10.0/linux-x64/TorchSharp.dll"

// Tensors, modules, data frames and charts in .NET Interactive; HaloLab's kernel and runner know them anyway.
HaloLab.Notebooks.Displays.InteractiveFormatting.Register();

// Two threads, as everywhere in HaloLab: sums are split by the number of threads, so it belongs to a result.
HaloLab.Compute.Use("cpu", 2);
