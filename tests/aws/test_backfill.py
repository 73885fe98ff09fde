"""docs/backfill.md: its commands are what AWS's API takes, the function handles what the job sends, and its table is right."""

import datetime
import gzip
import json
import re
import shlex
import unittest
import urllib.parse

import botocore.session
import boto3
from botocore import xform_name
from stack import REGION, ROOT
from stand_in import ACCOUNT, StandIn

PAGE = (ROOT / "docs/backfill.md").read_text()
# What the page leaves to its reader.
NAMES = {
    "111122223333": ACCOUNT,
    "BUCKET": f"trailbell-{ACCOUNT}-{REGION}",
    "REPORTS": "reports",
    "FUNCTION": "trailbell",
    "REGION": REGION,
    "JOB": "00e123a4-c0d8-41f4-a0eb-b46f9ba5b07c",
}


def commands():
    """The page's commands of the AWS CLI as service, operation and arguments, each checked against AWS's model of the API."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for block in blocks:
        for name, value in NAMES.items():
            block = re.sub(rf"(?<![A-Za-z]){name}(?![A-Za-z])", value, block)
        for words in split(shlex.split(block.replace("\\\n", " "))):
            yield parsed(*words)


def split(words):
    """The commands of a block: each begins with `aws`."""
    found = []
    for word in words:
        if word == "aws":
            found.append([])
        found[-1].append(word)
    return found


def parsed(_, service, command, *options):
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    operation = model.operation_model(names[command])
    members = {xform_name(name, "-"): (name, shape) for name, shape in operation.input_shape.members.items()}
    given, options = {}, list(options)
    while options:
        option = options.pop(0).removeprefix("--")
        if option in ("region", "query"):
            options.pop(0)
        elif option.removeprefix("no-") in members and members[option.removeprefix("no-")][1].type_name == "boolean":
            given[members[option.removeprefix("no-")][0]] = not option.startswith("no-")
        else:
            name, shape = members[option]
            given[name] = value(shape, options.pop(0))
    report = botocore.validate.ParamValidator().validate(given, operation.input_shape)
    assert not report.has_errors(), (command, report.generate_report())
    return service, names[command], given


def value(shape, text):
    if shape.type_name in ("structure", "list", "map"):
        return known(shape, json.loads(text))
    return int(text) if shape.type_name in ("integer", "long") else text


def known(shape, value):
    """The value, all of whose keys and choices the shape has: the validator ignores those of choices."""
    if shape.type_name == "structure":
        assert set(value) <= set(shape.members), (set(value) - set(shape.members), shape.name)
        return {name: known(shape.members[name], inner) for name, inner in value.items()}
    if shape.type_name == "list":
        return [known(shape.member, inner) for inner in value]
    assert value in (getattr(shape, "enum", None) or [value]), (value, shape.enum)
    return value


def one(operation):
    [given] = [given for _, name, given in commands() if name == operation]
    return given


class Page(unittest.TestCase):
    def test_every_command_is_one_of_the_api(self):
        names = [name for _, name, _ in commands()]
        self.assertEqual(
            names,
            [
                "PutFunctionConcurrency",
                "CreateRole",
                "PutRolePolicy",
                "CreateJob",
                "DescribeJob",
                "UpdateJobStatus",
                "DeleteFunctionConcurrency",
            ],
        )

    def test_the_check_of_commands_can_fail(self):
        for wrong in (
            "aws s3control create-jobs",
            "aws s3control create-job --account-id 1 --prioritty 1",
            "aws s3control create-job --account-id 1",
            "aws s3control update-job-status --account-id 1 --job-id x",
            """aws s3control create-job --account-id 1 --priority 1 --role-arn r --client-request-token t
                --operation '{"LambdaInvoke": {"Arn": "f"}}' --report '{"Enabled": false}'""",
            """aws s3control create-job --account-id 1 --priority 1 --role-arn r --client-request-token t
                --operation '{}' --report '{"Enabled": true, "Format": "CSV"}'""",
        ):
            with self.subTest(wrong), self.assertRaises((AssertionError, KeyError)):
                parsed(*shlex.split(wrong))

    def test_the_job_has_a_version_of_the_schema_that_the_function_reads_and_waits_for_its_owner(self):
        job = one("CreateJob")
        self.assertEqual(job["Operation"]["LambdaInvoke"]["InvocationSchemaVersion"], "2.0")
        self.assertTrue(job["ConfirmationRequired"])

    def test_the_role_may_do_what_the_job_names_and_nothing_else(self):
        job, statements = one("CreateJob"), json.loads(one("PutRolePolicy")["PolicyDocument"])["Statement"]
        allowed = {}
        for each in statements:
            actions, resources = each["Action"], each["Resource"]
            for action in [actions] if isinstance(actions, str) else actions:
                allowed[action] = [resources] if isinstance(resources, str) else resources
        function = job["Operation"]["LambdaInvoke"]["FunctionArn"]
        self.assertEqual(allowed.pop("lambda:InvokeFunction"), [function, f"{function}:*"])
        generator = job["ManifestGenerator"]["S3JobManifestGenerator"]
        self.assertEqual(allowed.pop("s3:PutInventoryConfiguration"), [generator["SourceBucket"]])
        [place] = allowed["s3:PutObject"]
        files = generator["ManifestOutputLocation"]
        for bucket, prefix in ((files["Bucket"], files["ManifestPrefix"]), (job["Report"]["Bucket"], job["Report"]["Prefix"])):
            self.assertTrue(f"{bucket}/{prefix}/".startswith(place.removesuffix("*")), place)
        self.assertEqual(set(allowed), {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:GetBucketLocation"})
        trust = json.loads(one("CreateRole")["AssumeRolePolicyDocument"])["Statement"]
        self.assertEqual([each["Principal"] for each in trust], [{"Service": "batchoperations.s3.amazonaws.com"}])
        self.assertEqual(job["RoleArn"], f"arn:aws:iam::{ACCOUNT}:role/{one('CreateRole')['RoleName']}")

    def test_the_size_of_a_record_is_that_of_the_samples(self):
        claimed = re.findall(r"(\d+) in\s+`(tests/logs/[a-z_.]+)`", PAGE)
        self.assertEqual(len(claimed), 2)
        for size, path in claimed:
            packed = (ROOT / path).read_bytes()
            records = json.loads(gzip.decompress(packed))["Records"]
            self.assertEqual(int(size), round(len(packed) / len(records)), path)

    def test_the_table_of_costs_follows_from_the_measurements(self):
        capacity = (ROOT / "docs/capacity.md").read_text()
        columns = [100, 1_000, 10_000]
        # The processor time of a log file in milliseconds; the first column is for 5 records.
        measured = numbers(capacity, "processor time per log file")[1:]
        rows = {}
        for records, milliseconds in zip(columns, measured, strict=True):
            files = 1e12 / 150 / records
            seconds = 0.05 + milliseconds / 1_000 * 1_769 / 256
            costs = {
                "list of log files": files * 0.015e-6,
                "tasks": files * 1e-6 + 0.25,
                "requests to S3": files * 0.4e-6,
                "invocations": files * 0.2e-6,
                "GB-seconds": files * seconds * 256 / 1_024 * 0.0000133334,
                "log lines": files * 1.5e3 * 0.5e-9,
            }
            costs |= {"**dollars**": sum(costs.values()), "log files, in millions": files * 1e-6}
            for name, cost in costs.items():
                rows.setdefault(name, []).append(round(cost, 2))
        for name, expected in rows.items():
            self.assertEqual(numbers(PAGE, name), expected, name)


def numbers(page, row):
    """The figures of a row of a table."""
    [line] = [line for line in page.splitlines() if line.startswith(f"| {row}")]
    return [float(re.sub(r"[^0-9.]", "", cell)) for cell in line.split("|")[2:-1]]


class Job(StandIn):
    parameters = {"Source": "trail"}
    bucket = NAMES["BUCKET"]

    def test_the_role_exists_with_its_policy(self):
        iam = boto3.client("iam", REGION, endpoint_url=self.endpoint)
        iam.create_role(**one("CreateRole"))
        iam.put_role_policy(**one("PutRolePolicy"))
        self.assertEqual(iam.list_role_policies(RoleName=one("CreateRole")["RoleName"])["PolicyNames"], ["backfill"])

    def test_the_function_handles_what_the_job_sends(self):
        alerts = self.subscribe("alerts")
        selected = one("CreateJob")["ManifestGenerator"]["S3JobManifestGenerator"]["Filter"]
        # The samples are of this account.
        constraint = json.loads(json.dumps(selected["KeyNameConstraint"]).replace(ACCOUNT, "111122223333"))
        log = self.put(self.bucket, "Kq3vZt8LwXy1RbNd")
        folder = log.rsplit("/", 1)[0]
        self.s3.put_object(Bucket=self.bucket, Key=f"{folder}/broken name+ü.json.gz", Body=b"\x1f\x8bbroken")
        self.s3.put_object(Bucket=self.bucket, Key=f"{folder}/notes.txt", Body=b"no log file")
        self.s3.put_object(Bucket=self.bucket, Key="AWSLogs/999999999999/CloudTrail/eu-west-1/x.json.gz", Body=b"")
        keys = [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]]
        starts, ends = tuple(constraint["MatchAnyPrefix"]), tuple(constraint["MatchAnySuffix"])
        keys = [key for key in keys if key.startswith(starts) and key.endswith(ends)]
        self.assertEqual(len(keys), 2, keys)
        results = {key: self.task(key) for key in [*keys, f"{folder}/gone.json.gz"]}
        codes = {key.rsplit("/", 1)[1]: result["resultCode"] for key, result in results.items()}
        self.assertEqual(codes[log.rsplit("/", 1)[1]], "Succeeded")
        self.assertEqual(codes["broken name+ü.json.gz"], "PermanentFailure")
        self.assertIn(codes["gone.json.gz"], ("PermanentFailure", "TemporaryFailure"))
        self.assertTrue(results[f"{folder}/broken name+ü.json.gz"]["resultString"])
        self.assertIn("1", self.severities(alerts))

    def test_the_days_of_the_job_are_a_month_and_a_day(self):
        selected = one("CreateJob")["ManifestGenerator"]["S3JobManifestGenerator"]["Filter"]
        after, before = (
            datetime.datetime.fromisoformat(selected[name].replace("Z", "+00:00")) for name in ("CreatedAfter", "CreatedBefore")
        )
        self.assertEqual((after.day, (before - after).days), (1, 32))

    def task(self, key):
        """The result of a task of the job, as S3 sends it in version 2.0 of the schema.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
        """
        event = {
            "invocationSchemaVersion": "2.0",
            "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
            "job": {"id": NAMES["JOB"], "userArguments": {}},
            "tasks": [{"taskId": "1", "s3Key": urllib.parse.quote_plus(key, safe="/"), "s3VersionId": None, "s3Bucket": self.bucket}],
        }
        answer = self.function.invoke(event)
        self.assertEqual((answer["invocationSchemaVersion"], answer["invocationId"]), ("2.0", event["invocationId"]))
        [result] = answer["results"]
        self.assertEqual(result["taskId"], "1")
        return result


if __name__ == "__main__":
    unittest.main()
