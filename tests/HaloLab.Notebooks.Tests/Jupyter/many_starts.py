"""Starts and stops the kernel COUNT times, every fifth one by SIGKILL; prints processes and listening ports left: many_starts.py KERNEL-NAME COUNT"""
import os
import socket
import sys
import time

from jupyter_client.manager import start_new_kernel

left_processes, left_ports = [], []
for i in range(int(sys.argv[2])):
    manager, client = start_new_kernel(startup_timeout=60, kernel_name=sys.argv[1])
    reply = client.execute_interactive("1 + 1", output_hook=lambda message: None, timeout=60)
    assert reply["content"]["status"] == "ok", reply
    pid, info = manager.provisioner.pid, manager.get_connection_info()
    client.stop_channels()
    manager.shutdown_kernel(now=i % 5 == 4)
    time.sleep(0.05)
    if os.path.exists("/proc/%d" % pid):
        left_processes.append(pid)
    for name in ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"):
        with socket.socket() as probe:
            if probe.connect_ex((info["ip"], info[name])) == 0:
                left_ports.append(info[name])
print("processes %s ports %s" % (left_processes, left_ports))
sys.exit(1 if left_processes or left_ports else 0)
