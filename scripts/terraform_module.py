#!/usr/bin/env python3
"""Writes the variables and outputs of the Terraform module in deploy/terraform from the parameters and outputs of template.yaml.

    .venv/bin/python scripts/terraform_module.py [--check]

Each parameter becomes a variable with the same default, description and limits. With --check it writes nothing, and exits 1 if a
file is out of date.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import plain_template

MODULE = Path(__file__).resolve().parents[1] / "deploy/terraform"
# Terraform reserves these names in a module.
RESERVED = {"Source": "log_source"}
TYPES = {"String": "string", "Number": "number", "CommaDelimitedList": "list(string)"}
HEAD = "# Written by scripts/terraform_module.py from template.yaml.\n\n"


def snake(name):
    """The name of a variable or an output."""
    return RESERVED.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def parameters():
    """The parameters of the template but for those of the code, which the module sets."""
    return {name: each for name, each in plain_template.plain(True)["Parameters"].items() if name not in plain_template.CODE}


def quoted(value):
    """A value in HCL, whose strings have the escapes of JSON and two markers of their own."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def kind(parameter):
    """Terraform's type of a parameter."""
    # A type such as List<AWS::EC2::Subnet::Id>.
    return TYPES.get(parameter["Type"]) or ("list(string)" if parameter["Type"].startswith("List<") else "string")


def default(parameter):
    """The default in the type of the variable, or None if the parameter has none."""
    value = parameter.get("Default")
    if kind(parameter) == "list(string)":
        return [item for item in str(value or "").split(",") if item]
    return float(value) if isinstance(value, float) else value


def conditions(name, parameter):
    """The conditions of a value, each with the error for a wrong one."""
    variable, items = f"var.{snake(name)}", kind(parameter) == "list(string)"
    if allowed := parameter.get("AllowedValues"):
        words = ", ".join(str(each) for each in allowed)
        yield f"contains({quoted(allowed)}, {variable})", f"{snake(name)} must be one of {words}."
    if pattern := parameter.get("AllowedPattern"):
        must = f"{snake(name)} must be {parameter['ConstraintDescription']}."
        # CloudFormation compares the whole value.
        whole = quoted(f"^(?:{pattern})$")
        if items:
            yield f"alltrue([for item in {variable} : can(regex({whole}, item))])", must
        else:
            yield f"can(regex({whole}, {variable}))", must
    if "MinValue" in parameter:
        least, most = parameter["MinValue"], parameter["MaxValue"]
        yield f"{variable} >= {least} && {variable} <= {most}", f"{snake(name)} must be from {least} to {most}."


def variable(name, parameter):
    """A variable block."""
    lines = [f'variable "{snake(name)}" {{']
    lines.append(f"  description = {quoted(' '.join(parameter['Description'].split()))}")
    lines.append(f"  type        = {kind(parameter)}")
    if "Default" in parameter:
        lines.append(f"  default     = {quoted(default(parameter))}")
    lines.append("  nullable    = false")
    for condition, message in conditions(name, parameter):
        lines += ["", "  validation {", f"    condition     = {condition}", f"    error_message = {quoted(message)}", "  }"]
    return "\n".join([*lines, "}", ""])


def argument(name, parameter):
    """The value of a parameter of the stack, which is text."""
    value = f"var.{snake(name)}"
    return f'join(",", {value})' if kind(parameter) == "list(string)" else f"tostring({value})" if kind(parameter) == "number" else value


def files():
    """The files by their names."""
    given = parameters()
    width = max(map(len, given))
    passed = "\n".join(f"    {name:{width}} = {argument(name, each)}" for name, each in given.items())
    outputs = plain_template.plain(True)["Outputs"]
    blocks = [
        f'output "{snake(name)}" {{\n  description = {quoted(" ".join(each["Description"].split()))}\n'
        f'  value       = lookup(aws_cloudformation_stack.trailbell.outputs, "{name}", null)\n}}\n'
        for name, each in outputs.items()
    ]
    return {
        "parameters.tf": HEAD + "\n".join(variable(name, each) for name, each in given.items()),
        "stack_parameters.tf": f"{HEAD}locals {{\n  parameters = {{\n{passed}\n  }}\n}}\n",
        "outputs.tf": HEAD + "\n".join(blocks),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    old = [name for name, text in files().items() if not (MODULE / name).exists() or (MODULE / name).read_text() != text]
    if arguments.check:
        sys.exit(f"out of date: {', '.join(old)}; run scripts/terraform_module.py" if old else 0)
    for name, text in files().items():
        (MODULE / name).write_text(text)


if __name__ == "__main__":
    main()
