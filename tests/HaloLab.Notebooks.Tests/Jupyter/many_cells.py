"""Runs COUNT cells in one session and prints the kernel's memory in MB after the first tenth and at the end: many_cells.py KERNEL-NAME COUNT"""
import sys

from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(startup_timeout=60, kernel_name=sys.argv[1])
count = int(sys.argv[2])


def memory():
    client.execute_interactive("GC.Collect(); GC.WaitForPendingFinalizers(); GC.Collect();", output_hook=lambda message: None, timeout=60)
    with open("/proc/%d/status" % manager.provisioner.pid) as status:
        return [int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS")][0]


try:
    for i in range(count):
        code = "int a = %d; var list = Enumerable.Range(0, 1000).Select(n => n * a).ToList(); Console.WriteLine(list.Count); list.Sum() + 1" % i
        reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=60)
        assert reply["content"]["status"] == "ok", reply
        if i + 1 == count // 10:
            print("%.0f" % memory(), flush=True)
    print("%.0f" % memory())
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
