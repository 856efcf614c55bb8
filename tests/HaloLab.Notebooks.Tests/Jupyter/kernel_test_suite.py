"""jupyter_kernel_test's suite for the C# kernel: python3 kernel_test_suite.py [-v]; KERNEL_NAME says which kernel."""
import os
import unittest

import jupyter_kernel_test


class CSharpKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = os.environ.get("KERNEL_NAME", "halolab-csharp")
    language_name = "C#"
    file_extension = ".cs"
    code_hello_world = 'Console.WriteLine("hello, world")'
    code_stderr = 'Console.Error.WriteLine("error")'
    completion_samples = [
        {"text": "Console.WriteL", "matches": {"WriteLine"}},
        {"text": "Environment.ProcessorC", "matches": {"ProcessorCount"}},
    ]
    complete_code_samples = ["1 + 1", "int x = 1;", "void F() { }"]
    incomplete_code_samples = ["if (true) {", "int F(int a,", "/* open"]
    invalid_code_samples = ["int x = );", "}"]
    code_inspect_sample = "Console.WriteLine"
    code_generate_error = 'throw new System.Exception("wrong")'
    code_execute_result = [{"code": "1 + 2", "result": "3"}, {"code": '"a" + "b"', "result": "ab"}]
    code_display_data = [{"code": 'DisplayAs("<b>x</b>", "text/html")', "mime": "text/html"}]
    code_history_pattern = "1 ? 2*"
    supported_history_operations = ("tail", "range", "search")


unittest.main()
