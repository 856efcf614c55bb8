"""Checks of the C# kernel through jupyter_client. Prints one line a check, "ok NAME" or "FAILED NAME: why"; exit code 1 when one failed.

Usage: kernel_checks.py KERNEL-NAME [CHECK ...]   (JUPYTER_PATH or JUPYTER_DATA_DIR says where the kernel is installed)
"""
import json
import os
import signal
import sys
import time
import traceback
import uuid

import zmq
from jupyter_client.manager import start_new_kernel

WAIT = 60


class Session:
    def __init__(self, name):
        self.manager, self.client = start_new_kernel(startup_timeout=WAIT, kernel_name=name)

    def reply(self, message_id, wait=WAIT):
        while True:
            message = self.client.get_shell_msg(timeout=wait)
            if message["parent_header"].get("msg_id") == message_id:
                return message["content"]

    def outputs(self, message_id, wait=WAIT):
        """Everything on iopub for a request, up to its idle status."""
        found = []
        while True:
            message = self.client.get_iopub_msg(timeout=wait)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            if message["msg_type"] == "status":
                if message["content"]["execution_state"] == "idle":
                    return found
                continue
            found.append((message["msg_type"], message["content"]))

    def run(self, code, **options):
        message_id = self.client.execute(code, **options)
        return self.reply(message_id), self.outputs(message_id)


def text(outputs, stream="stdout"):
    return "".join(content["text"] for kind, content in outputs if kind == "stream" and content["name"] == stream)


def result(outputs):
    found = [content for kind, content in outputs if kind == "execute_result"]
    assert len(found) == 1, outputs
    return found[0]["data"]["text/plain"]


def check_execute(s):
    reply, outputs = s.run("int x = 20; Console.WriteLine(\"hello\"); Console.Error.WriteLine(\"wrong\"); x + 1")
    assert reply["status"] == "ok", reply
    assert outputs[0][0] == "execute_input" and outputs[0][1]["execution_count"] == reply["execution_count"]
    assert text(outputs) == "hello\n" and text(outputs, "stderr") == "wrong\n"
    assert result(outputs) == "21"
    again, outputs = s.run("x * 2")
    assert again["execution_count"] == reply["execution_count"] + 1 and result(outputs) == "40"


def check_errors(s):
    reply, outputs = s.run("int good = 1;\nthrow new InvalidOperationException(\"no\");")
    assert (reply["status"], reply["ename"], reply["evalue"]) == ("error", "System.InvalidOperationException", "no"), reply
    error = [content for kind, content in outputs if kind == "error"][0]
    assert any("line 2" in line for line in error["traceback"]) and len(error["traceback"]) < 6, error
    reply, outputs = s.run("good + missing")
    assert reply["status"] == "error" and "CS0103" in reply["evalue"], reply
    assert s.run("good")[0]["status"] == "ok"


def check_silent(s):
    reply, _ = s.run("int counted = 1;")
    silent, outputs = s.run("counted = 5; Console.WriteLine(counted); counted", silent=True)
    assert outputs == [] and silent["execution_count"] == reply["execution_count"], (silent, outputs)
    unstored, outputs = s.run("counted", store_history=False)
    assert result(outputs) == "5" and unstored["execution_count"] == reply["execution_count"], unstored


def check_stop_on_error(s):
    ids = [s.client.execute(code) for code in ("Thread.Sleep(300); throw new Exception(\"stop\");", "int never = 1;", "int neither = 2;")]
    states = [s.reply(message_id)["status"] for message_id in ids]
    assert states == ["error", "aborted", "aborted"], states
    ids = [s.client.execute("throw new Exception(\"go on\");", stop_on_error=False), s.client.execute("int then = 1;")]
    states = [s.reply(message_id)["status"] for message_id in ids]
    assert states == ["error", "ok"], states
    assert "CS0103" in s.run("never")[0]["evalue"]


def check_user_expressions(s):
    reply, _ = s.run("int u = 3;", user_expressions={"twice": "u * 2", "wrong": "missing"})
    assert reply["user_expressions"]["twice"]["data"]["text/plain"] == "6", reply
    assert reply["user_expressions"]["wrong"]["status"] == "error", reply


def check_displays(s):
    _, outputs = s.run("var handle = display(HTML(\"<b>1</b>\")); handle.Update(HTML(\"<b>2</b>\")); DisplayAs(\"{\\\"a\\\":1}\", \"application/json\");")
    kinds = [kind for kind, _ in outputs]
    assert kinds == ["execute_input", "display_data", "update_display_data", "display_data"], kinds
    first, update, data = (content for _, content in outputs[1:])
    assert first["data"]["text/html"] == "<b>1</b>" and update["data"]["text/html"] == "<b>2</b>"
    assert first["transient"]["display_id"] == update["transient"]["display_id"]
    assert data["data"]["application/json"] == {"a": 1}, data


def check_streaming(s):
    message_id = s.client.execute("Console.WriteLine(\"early\"); Thread.Sleep(1500); Console.WriteLine(\"late\");")
    begun = time.monotonic()
    while True:
        message = s.client.get_iopub_msg(timeout=WAIT)
        if message["msg_type"] == "stream":
            break
    assert message["content"]["text"] == "early\n" and time.monotonic() - begun < 1.4, message
    s.reply(message_id)
    s.outputs(message_id)


def check_complete(s):
    s.run("int firstNumber = 1; string Method(int argument) => \"\";")
    reply = s.reply(s.client.complete("int y = firstN", 14))
    assert reply["matches"] == ["firstNumber"] and (reply["cursor_start"], reply["cursor_end"]) == (8, 14), reply
    reply = s.reply(s.client.complete("\"😀\".Leng", 8))
    assert reply["matches"] == ["Length"] and (reply["cursor_start"], reply["cursor_end"]) == (4, 8), reply
    assert "WriteLine" in s.reply(s.client.complete("Console.Wr", 10))["matches"]


def check_inspect(s):
    reply = s.reply(s.client.inspect("Console.WriteLine(\"x\")", 15))
    assert reply["status"] == "ok" and reply["found"] and "standard output stream" in reply["data"]["text/plain"], reply
    assert s.reply(s.client.inspect("noSuchThing", 4)) == {"status": "ok", "found": False, "data": {}, "metadata": {}}


def check_is_complete(s):
    for code, expected in (("1 + 1", "complete"), ("if (true) {", "incomplete"), ("int x = );", "invalid")):
        reply = s.reply(s.client.is_complete(code))
        assert reply["status"] == expected, (code, reply)
    assert s.reply(s.client.is_complete("if (true) {"))["indent"] == "    "


def check_history(s):
    s.run("int h = 7;")
    s.run("h")
    tail = s.reply(s.client.history(hist_access_type="tail", n=2, output=True, raw=True))["history"]
    assert [entry[2] for entry in tail] == [["int h = 7;", None], ["h", "7"]], tail
    first = tail[0][1]
    ranged = s.reply(s.client.history(hist_access_type="range", session=0, start=first, stop=first + 1, raw=True))["history"]
    assert [entry[2] for entry in ranged] == ["int h = 7;"], ranged
    found = s.reply(s.client.history(hist_access_type="search", pattern="int h*", n=5, unique=True, raw=True))["history"]
    assert [entry[2] for entry in found] == ["int h = 7;"], found


def check_information(s):
    reply = s.reply(s.client.kernel_info())
    assert reply["protocol_version"] == "5.3" and reply["language_info"]["name"] == "C#", reply
    assert reply["language_info"]["file_extension"] == ".cs" and "HaloLab" in reply["banner"], reply


def interrupted(s, code, how, limit):
    message_id = s.client.execute(code)
    while s.client.get_iopub_msg(timeout=WAIT)["msg_type"] != "execute_input":
        pass
    time.sleep(0.7)
    begun = time.monotonic()
    how()
    reply = s.reply(message_id)
    taken = time.monotonic() - begun
    assert (reply["status"], reply["ename"]) == ("error", "Interrupted") and taken < limit, (reply, taken)
    s.outputs(message_id)


def check_interrupt(s):
    s.run("int before = 4; int steps = 0;")
    interrupted(s, "while (true) { Interrupt.ThrowIfCancellationRequested(); steps++; Thread.Sleep(1); }", s.manager.interrupt_kernel, 1.5)
    interrupted(s, "while (true) { }", s.manager.interrupt_kernel, 8)
    interrupted(s, "await Task.Delay(-1);", lambda: os.kill(s.manager.provisioner.pid, signal.SIGINT), 8)
    assert result(s.run("before + (steps > 0 ? 1 : 0)")[1]) == "5"


def check_signature(s):
    connection = s.manager.get_connection_info()
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect("tcp://%s:%d" % (connection["ip"], connection["shell_port"]))

    def request(signed):
        session = s.client.session
        message = session.msg("kernel_info_request")
        message["header"]["msg_id"] = uuid.uuid4().hex
        parts = session.serialize(message)
        place = parts.index(b"<IDS|MSG>")
        if not signed:
            parts[place + 1] = b"0" * 64
        socket.send_multipart(parts)
        return socket.poll(10000 if signed else 2000)

    assert not request(False), "a wrong signature was answered"
    assert request(True), "a right signature was not answered"
    socket.send_multipart([b"nonsense"])
    socket.recv_multipart()
    assert request(True), "nonsense stopped the kernel"
    socket.close()


def check_comms(s):
    message = s.client.session.msg("comm_info_request", {})
    s.client.shell_channel.send(message)
    assert s.reply(message["header"]["msg_id"])["comms"] == {}
    message = s.client.session.msg("comm_open", {"comm_id": "c1", "target_name": "jupyter.widget", "data": {}})
    s.client.shell_channel.send(message)
    assert [kind for kind, _ in s.outputs(message["header"]["msg_id"])] == ["comm_close"]
    assert s.run("1")[0]["status"] == "ok"


def check_input_is_refused(s):
    reply, _ = s.run("Console.ReadLine()")
    assert reply["status"] == "error" and "typed input" in reply["evalue"], reply


def check_print_limit(s):
    _, outputs = s.run("var line = new string('x', 1000); for (int i = 0; i < 100_000; i++) Console.WriteLine(line);")
    printed = text(outputs)
    assert "cut off" in printed[-200:] and len(printed) < 5_000_000, len(printed)


def check_restart(s):
    s.run("int gone = 1;")
    s.manager.restart_kernel(now=False)
    s.client.wait_for_ready(timeout=WAIT)
    reply, _ = s.run("gone")
    assert reply["status"] == "error" and reply["execution_count"] == 1, reply


CHECKS = [(name[6:], check) for name, check in list(globals().items()) if name.startswith("check_")]


def main():
    names = sys.argv[2:]
    failed = 0

    # What runs in the background of a shell ignores SIGINT, and so would the kernel.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    session = Session(sys.argv[1])
    try:
        for name, check in CHECKS:
            if names and name not in names:
                continue
            try:
                check(session)
                print("ok", name, flush=True)
            except Exception:
                failed += 1
                print("FAILED", name + ":", json.dumps(traceback.format_exc(limit=-2)), flush=True)
    finally:
        session.client.stop_channels()
        pid = session.manager.provisioner.pid
        begun = time.monotonic()
        session.manager.shutdown_kernel(now=False)
        taken = time.monotonic() - begun
        if os.path.exists("/proc/%d" % pid) or taken > 4:
            failed += 1
            print("FAILED shutdown: after %.1f s" % taken)
        else:
            print("ok shutdown")
    sys.exit(1 if failed else 0)


main()
