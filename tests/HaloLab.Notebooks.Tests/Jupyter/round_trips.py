"""Times of the C# kernel beside ipykernel's in one run, in turn: start to first result, and the round trip of an empty cell and of "1 + 1".

Usage: round_trips.py [KERNEL-NAME] [STARTS] [CELLS]. Prints medians and ratios (C# / ipykernel).
"""
import statistics
import sys
import time

from jupyter_client.manager import start_new_kernel

name = sys.argv[1] if len(sys.argv) > 1 else "halolab-csharp"
starts = int(sys.argv[2]) if len(sys.argv) > 2 else 5
cells = int(sys.argv[3]) if len(sys.argv) > 3 else 200
kernels = [name, "python3"]


def run(client, code):
    begun = time.perf_counter()
    reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=60)
    assert reply["content"]["status"] == "ok", reply
    return time.perf_counter() - begun


first = {kernel: [] for kernel in kernels}
trips = {(kernel, code): [] for kernel in kernels for code in ("", "1 + 1")}
for start in range(starts):
    open_kernels = []
    for kernel in kernels:
        begun = time.perf_counter()
        manager, client = start_new_kernel(startup_timeout=60, kernel_name=kernel)
        run(client, "1 + 1")
        first[kernel].append(time.perf_counter() - begun)
        open_kernels.append((kernel, manager, client))
    for i in range(cells // starts + 10):
        for kernel, _, client in open_kernels:
            for code in ("", "1 + 1"):
                taken = run(client, code)
                if i >= 10:
                    trips[kernel, code].append(taken)
    for _, manager, client in open_kernels:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def show(what, ours, theirs, unit, factor):
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print("%s: C# %.1f %s, ipykernel %.1f %s, ratio %.2f" % (what, ours * factor, unit, theirs * factor, unit, ours / theirs))


show("start to first result", first[name], first["python3"], "s", 1)
show("round trip of an empty cell", trips[name, ""], trips["python3", ""], "ms", 1000)
show("round trip of 1 + 1", trips[name, "1 + 1"], trips["python3", "1 + 1"], "ms", 1000)
