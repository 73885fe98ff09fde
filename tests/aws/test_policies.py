"""The permissions in every mode: of the function, of the services that deliver to it, and of everyone else."""

import json
import re
import unittest

from modes import KEY, MODES, ORGANIZATION, STACKS
from stack import ACCOUNT, ROOT, Stack

BUCKET = "arn:aws:s3:::central-logs"
OWN_BUCKET = "arn:aws:s3:::trailbell-111122223333-eu-west-1"
HERE = "eu-west-1:111122223333"
FAILED = f"arn:aws:sqs:{HERE}:trailbell-FailedEvents"
LOG_QUEUE = f"arn:aws:sqs:{HERE}:trailbell-LogQueue"
OTHER_QUEUE = f"arn:aws:sqs:{HERE}:central-queue"
ALERTS = f"arn:aws:sns:{HERE}:trailbell-AlertTopic"
TAKE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"}

# The permissions of the function in every mode, and those that each mode adds.
ALWAYS = {
    ("sns:Publish", ALERTS),
    ("dynamodb:BatchGetItem", f"arn:aws:dynamodb:{HERE}:table/trailbell-StateTable"),
    ("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:table/trailbell-StateTable"),
    ("dynamodb:UpdateItem", f"arn:aws:dynamodb:{HERE}:table/trailbell-StateTable"),
    ("logs:CreateLogStream", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/trailbell:*"),
    ("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/trailbell:*"),
}
DIRECT = {("sqs:SendMessage", FAILED)}
QUEUED = {(action, LOG_QUEUE) for action in TAKE}
QUEUED_ELSEWHERE = {(action, OTHER_QUEUE) for action in TAKE}


def reads(bucket, prefix=""):
    return {("s3:GetObject", f"{bucket}/{prefix}AWSLogs/*"), ("s3:ListBucket", bucket)}


MAY = {
    "a new trail": reads(OWN_BUCKET) | QUEUED,
    "a new trail, directly": reads(OWN_BUCKET) | DIRECT,
    "a bucket": reads(BUCKET) | QUEUED,
    "a bucket, directly": reads(BUCKET) | DIRECT,
    "a topic": reads(BUCKET) | QUEUED,
    "a topic, directly": reads(BUCKET) | DIRECT,
    "a queue": reads(BUCKET) | QUEUED_ELSEWHERE,
    "events": QUEUED,
    "events, directly": DIRECT,
    "a bucket and events": reads(BUCKET, "prod/") | QUEUED,
    "a queue and events": reads(BUCKET) | QUEUED | QUEUED_ELSEWHERE,
    "a new trail and detectors": reads(OWN_BUCKET) | QUEUED,
    "a queue and detectors": reads(BUCKET) | QUEUED | QUEUED_ELSEWHERE,
    "a bucket and detectors, directly": reads(BUCKET) | DIRECT,
}

# The services that may send to the queue, and those that may invoke the function, each with its only source.
S3 = ("s3.amazonaws.com", OWN_BUCKET)
NEW_OBJECTS = ("events.amazonaws.com", f"arn:aws:events:{HERE}:rule/trailbell-NewObjects")
API_CALLS = ("events.amazonaws.com", f"arn:aws:events:{HERE}:rule/trailbell-ApiCalls")
FINDINGS = ("events.amazonaws.com", f"arn:aws:events:{HERE}:rule/trailbell-DetectorFindings")
TOPIC = ("sns.amazonaws.com", f"arn:aws:sns:{HERE}:central-trail")
TICK = ("events.amazonaws.com", f"arn:aws:events:{HERE}:rule/trailbell-Tick")
SENDS = {
    "a new trail": {S3},
    "a bucket": {NEW_OBJECTS},
    "a topic": {TOPIC},
    "events": {API_CALLS},
    "a bucket and events": {NEW_OBJECTS, API_CALLS},
    "a queue and events": {API_CALLS},
    "a new trail and detectors": {S3, FINDINGS},
    "a queue and detectors": {FINDINGS},
}
INVOKES = {
    "a new trail, directly": {S3},
    "a bucket, directly": {NEW_OBJECTS},
    "a topic, directly": {TOPIC},
    "events, directly": {API_CALLS},
    "a bucket and detectors, directly": {NEW_OBJECTS, FINDINGS},
}


def listed(value):
    return value if isinstance(value, list) else [value]


def documents(stack):
    """Every policy of a stack, with the name of its resource."""
    for name, role in stack.of("IAM::Role").items():
        yield name, role["AssumeRolePolicyDocument"]
        for policy in role.get("Policies", []):
            yield name, policy["PolicyDocument"]
    for kind in ("S3::BucketPolicy", "SNS::TopicPolicy", "SQS::QueuePolicy"):
        for name, policy in stack.of(kind).items():
            yield name, policy["PolicyDocument"]
    for name, key in stack.of("KMS::Key").items():
        yield name, key["KeyPolicy"]


def allowed(document):
    return [each for each in document["Statement"] if each["Effect"] == "Allow"]


def rights(stack, role):
    """The permissions of a role, as pairs of an action and a resource. Those of keys have a condition, and no others."""
    statements = [each for policy in stack.resources[role].get("Policies", []) for each in policy["PolicyDocument"]["Statement"]]
    found = set()
    for each in (each for each in statements if each["Effect"] == "Allow"):
        pairs = {(action, to) for action in listed(each["Action"]) for to in listed(each["Resource"])}
        assert ("Condition" in each) == all(action.startswith("kms:") for action, _ in pairs), each
        found |= pairs
    return found


def through(stack):
    """The services through which the function may use a key, by the key."""
    [policy] = stack.resources["FunctionRole"]["Policies"]
    statements = [each for each in policy["PolicyDocument"]["Statement"] if "kms:Decrypt" in listed(each["Action"])]
    return {each["Resource"]: set(listed(each["Condition"]["StringLike"]["kms:ViaService"])) for each in statements}


def senders(document):
    """The services that may send messages, each with its source."""
    found = set()
    for each in allowed(document):
        assert each["Action"] == "sqs:SendMessage", each
        found.add((each["Principal"]["Service"], each["Condition"]["ArnEquals"]["aws:SourceArn"]))
    return found


class TheFunction(unittest.TestCase):
    def test_it_has_these_permissions_and_no_others(self):
        self.assertEqual(MAY.keys(), MODES.keys())
        for mode, parameters in MODES.items():
            with self.subTest(mode):
                self.assertEqual(rights(Stack(**parameters), "FunctionRole"), ALWAYS | MAY[mode])

    def test_it_may_use_optional_resources(self):
        stack = Stack(**STACKS["a new trail, with everything"])
        own = stack.arn("Key")
        more = {("sns:Publish", stack.arn("ChatTopic")), ("sns:Publish", stack.arn("FindingTopic"))}
        more |= {("kms:Decrypt", own), ("kms:GenerateDataKey", own)}
        # The tick counts who has confirmed.
        more |= {("sns:ListSubscriptionsByTopic", ALERTS)}
        self.assertEqual(rights(stack, "FunctionRole"), ALWAYS | MAY["a new trail"] | more)
        services = {f"{service}.eu-west-1.amazonaws.com*" for service in ("dynamodb", "sns", "sqs")}
        self.assertEqual(through(stack), {own: services})

    def test_it_may_only_decrypt_with_existing_keys(self):
        trail, queue = (KEY.replace("11111111", each) for each in ("22222222", "33333333"))
        stack = Stack(**MODES["a queue"], TrailKeyArn=trail, QueueKeyArn=queue)
        more = {("kms:Decrypt", trail), ("kms:Decrypt", queue)}
        self.assertEqual(rights(stack, "FunctionRole"), ALWAYS | MAY["a queue"] | more)
        self.assertEqual(through(stack), {trail: {"s3.eu-west-1.amazonaws.com*"}, queue: {"sqs.eu-west-1.amazonaws.com*"}})

    def test_it_may_read_every_bucket_that_is_named(self):
        stack = Stack(**MODES["a topic"], LogBucketName2="more-logs", LogBucketName3="old-logs")
        more = reads("arn:aws:s3:::more-logs") | reads("arn:aws:s3:::old-logs")
        self.assertEqual(rights(stack, "FunctionRole"), ALWAYS | MAY["a topic"] | more)

    def test_in_a_vpc_only_lambda_may_attach_it(self):
        stack = Stack(**MODES["a bucket"], **ORGANIZATION)
        # The actions of the managed policy AWSLambdaVPCAccessExecutionRole beside those of the log.
        names = ("AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces")
        names = (*names, "DescribeSubnets", "UnassignPrivateIpAddresses")
        self.assertEqual(rights(stack, "FunctionRole"), ALWAYS | MAY["a bucket"] | {(f"ec2:{name}", "*") for name in names})
        [policy] = stack.resources["FunctionRole"]["Policies"]
        [deny] = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        self.assertEqual((deny["Action"], deny["Resource"]), ("ec2:*", "*"))
        self.assertEqual(deny["Condition"], {"Null": {"lambda:SourceFunctionArn": "false"}})

    def test_every_role_has_the_boundary_that_is_named(self):
        for mode in ("a new trail, with everything", "events"):
            roles = Stack(**STACKS[mode] | ORGANIZATION).of("IAM::Role")
            self.assertEqual({role["PermissionsBoundary"] for role in roles.values()}, {ORGANIZATION["PermissionsBoundaryArn"]})
            self.assertFalse([role for role in Stack(**STACKS[mode]).of("IAM::Role").values() if "PermissionsBoundary" in role])

    def test_without_a_table_it_has_no_permission_for_one(self):
        stack = Stack(**STACKS["events, with little"])
        self.assertFalse([action for action, _ in rights(stack, "FunctionRole") if action.startswith("dynamodb:")])
        self.assertFalse(stack.of("DynamoDB::Table"))
        # Nothing is due between invocations.
        self.assertFalse(stack.of("Lambda::Permission"))
        self.assertNotIn("Tick", stack.resources)

    def test_only_its_source_invokes_it(self):
        for mode, parameters in MODES.items():
            with self.subTest(mode):
                permissions = Stack(**parameters).of("Lambda::Permission").values()
                self.assertTrue(all(each["Action"] == "lambda:InvokeFunction" for each in permissions))
                invokes = {(each["Principal"], each["SourceArn"]) for each in permissions}
                self.assertEqual(invokes, INVOKES.get(mode, set()) | {TICK})
                # The ARN of a bucket names no account.
                for each in permissions:
                    self.assertEqual(each.get("SourceAccount"), ACCOUNT if each["Principal"].startswith("s3") else None)


class Others(unittest.TestCase):
    def test_the_check_of_a_deployment_may_only_start_the_function(self):
        stack = Stack()
        self.assertEqual(rights(stack, "StartRole"), {("lambda:InvokeFunction", stack.arn("TrailbellFunction"))})

    def test_only_its_source_sends_to_a_queue(self):
        for mode, parameters in MODES.items():
            with self.subTest(mode):
                policies = Stack(**parameters).of("SQS::QueuePolicy")
                failed = senders(policies["FailedEventsPolicy"]["PolicyDocument"])
                gives_up = (SENDS.get(mode, set()) | INVOKES.get(mode, set())) - {S3}
                self.assertEqual(failed, gives_up)
                self.assertEqual("LogQueuePolicy" in policies, mode in SENDS)
                if mode in SENDS:
                    document = policies["LogQueuePolicy"]["PolicyDocument"]
                    self.assertEqual(senders(document), SENDS[mode])
                    for each in allowed(document):
                        if each["Principal"]["Service"] == "s3.amazonaws.com":
                            self.assertEqual(each["Condition"]["StringEquals"], {"aws:SourceAccount": ACCOUNT})

    def test_only_the_trail_writes_to_the_bucket(self):
        for mode in ("a new trail", "a new trail, directly"):
            [policy] = Stack(**MODES[mode]).of("S3::BucketPolicy").values()
            trail = f"arn:aws:cloudtrail:{HERE}:trail/trailbell"
            statements = {each["Action"]: each for each in allowed(policy["PolicyDocument"])}
            self.assertEqual(statements["s3:PutObject"]["Resource"], [f"{OWN_BUCKET}/AWSLogs/{ACCOUNT}/*"])
            self.assertEqual(statements.keys(), {"s3:GetBucketAcl", "s3:PutObject"})
            for each in statements.values():
                self.assertEqual(each["Principal"], {"Service": "cloudtrail.amazonaws.com"})
                self.assertEqual(each["Condition"]["StringEquals"]["aws:SourceArn"], trail)

    def test_the_trail_of_an_organization_writes_for_its_accounts_too(self):
        [policy] = Stack(**STACKS["a new trail, of an organization"]).of("S3::BucketPolicy").values()
        [put] = [each for each in allowed(policy["PolicyDocument"]) if each["Action"] == "s3:PutObject"]
        self.assertEqual(put["Resource"], [f"{OWN_BUCKET}/AWSLogs/{each}/*" for each in (ACCOUNT, "o-abcd123456")])

    def test_only_alarms_publish_beside_the_account(self):
        for name, parameters in STACKS.items():
            for topic, policy in Stack(**parameters).of("SNS::TopicPolicy").items():
                statements = allowed(policy["PolicyDocument"])
                if topic != "AlarmTopicPolicy":
                    self.assertEqual(statements, [], name)
                    continue
                [each] = statements
                self.assertEqual((each["Principal"], each["Action"]), ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish"))
                self.assertEqual(each["Condition"]["StringEquals"], {"aws:SourceAccount": ACCOUNT})
                self.assertEqual(each["Condition"]["ArnLike"], {"aws:SourceArn": f"arn:aws:cloudwatch:{HERE}:alarm:trailbell-*"})

    def test_a_channel_has_no_permissions(self):
        for parameters in ("a new trail, with everything", "a new trail, with Teams and keys that exist"):
            stack = Stack(**STACKS[parameters])
            self.assertEqual(rights(stack, "ChatRole"), set())
            [trust] = stack.resources["ChatRole"]["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(trust["Condition"], {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
            self.assertNotIn("ManagedPolicyArns", stack.resources["ChatRole"])
            [channel] = (stack.of("Chatbot::SlackChannelConfiguration") | stack.of("Chatbot::MicrosoftTeamsChannelConfiguration")).values()
            self.assertEqual(channel["GuardrailPolicies"], ["arn:aws:iam::aws:policy/AWSDenyAll"])
            self.assertEqual(channel["SnsTopicArns"], [stack.arn("ChatTopic"), stack.arn("AlarmTopic")])


class Everything(unittest.TestCase):
    def test_no_permission_has_a_wildcard(self):
        for name, parameters in STACKS.items():
            for owner, document in documents(Stack(**parameters)):
                for each in allowed(document):
                    with self.subTest(name, owner=owner, sid=each.get("Sid")):
                        self.assertFalse([action for action in listed(each["Action"]) if "*" in action])
                        self.assertNotIn(each.get("Principal"), ["*", {"AWS": "*"}])
                        if owner == "Key":
                            # In the policy of a key, it is the key itself.
                            self.assertEqual(each["Resource"], "*")
                            continue
                        if each.get("Sid") == "AttachToVpc":
                            # EC2 names no resource for what Lambda does here; a statement denies it to the function's code.
                            continue
                        for resource in listed(each.get("Resource", [])):
                            # The resource is named in full; only what it contains may be a wildcard.
                            self.assertRegex(resource, r"^arn:aws:[a-z0-9]+:[^*]*[^*:/](/[^*]*AWSLogs/([0-9a-z-]+/)?\*|:\*)?$")

    def test_requests_without_tls_are_denied(self):
        for name, parameters in STACKS.items():
            stack = Stack(**parameters)
            guarded = set()
            for kind, owners, actions in (
                ("S3::BucketPolicy", "Bucket", "s3:*"),
                ("SNS::TopicPolicy", "Topics", "sns:Publish"),
                ("SQS::QueuePolicy", "Queues", "sqs:*"),
            ):
                for policy in stack.of(kind).values():
                    [deny] = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
                    self.assertEqual((deny["Principal"], deny["Action"]), ("*", actions))
                    self.assertEqual(deny["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
                    guarded |= set(listed(deny["Resource"]))
                    self.assertEqual(len(listed(policy[owners])), 1)
            for kind in ("SQS::Queue", "SNS::Topic", "S3::Bucket"):
                for resource in stack.of(kind):
                    self.assertIn(stack.arn(resource), guarded, name)
                    if kind == "S3::Bucket":
                        self.assertIn(stack.arn(resource) + "/*", guarded, name)

    def test_the_bucket_has_no_acls_and_is_not_public(self):
        for mode in ("a new trail", "a new trail, directly"):
            [bucket] = Stack(**MODES[mode]).of("S3::Bucket").values()
            self.assertEqual(bucket["OwnershipControls"]["Rules"], [{"ObjectOwnership": "BucketOwnerEnforced"}])
            self.assertEqual(set(bucket["PublicAccessBlockConfiguration"].values()), {True})
            self.assertEqual(len(bucket["PublicAccessBlockConfiguration"]), 4)


class TheKey(unittest.TestCase):
    def test_it_encrypts_topics_queues_table_and_log(self):
        for name, key in {"with everything": None, "with Teams and keys that exist": KEY}.items():
            for mode in ("a new trail", "a bucket, directly", "a queue and events", "events"):
                stack = Stack(**STACKS[f"{mode}, {name}"])
                self.assertEqual(bool(stack.of("KMS::Key")), key is None)
                with self.subTest(mode, key=name):
                    mine = {stack.arn("Key") if key is None else key}
                    fields = {"SNS::Topic": "KmsMasterKeyId", "SQS::Queue": "KmsMasterKeyId", "Logs::LogGroup": "KmsKeyId"}
                    for kind, field in fields.items():
                        self.assertEqual({each.get(field) for each in stack.of(kind).values()}, mine, kind)
                    [table] = stack.of("DynamoDB::Table").values()
                    wanted = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": mine.copy().pop()}
                    self.assertEqual(table["SSESpecification"], wanted)

    def test_without_a_key_queues_and_topics_are_encrypted_by_their_services(self):
        for mode, parameters in MODES.items():
            stack = Stack(**parameters, Findings="yes", Chat="topic")
            for queue in stack.of("SQS::Queue").values():
                self.assertTrue(queue["SqsManagedSseEnabled"], mode)
            # CloudWatch cannot use the key of SNS, so its alarms would not arrive.
            topics = {name: topic.get("KmsMasterKeyId") for name, topic in stack.of("SNS::Topic").items()}
            sns = dict.fromkeys(("AlertTopic", "ChatTopic", "FindingTopic"), "alias/aws/sns")
            self.assertEqual(topics, sns | {"AlarmTopic": None})

    def test_a_rule_of_any_name_may_use_it(self):
        # CloudFormation shortens a long stack name in the name of a rule.
        [key] = Stack(**MODES["events"], EncryptionKey="new").of("KMS::Key").values()
        [statement] = [each for each in key["KeyPolicy"]["Statement"] if each["Sid"] == "RulesSend"]
        wanted = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": f"arn:aws:events:{HERE}:rule/*"}}
        self.assertEqual(statement["Condition"], wanted)

    def test_only_these_services_may_use_it_and_only_for_this_stack(self):
        both = {"cloudwatch.amazonaws.com", "logs.eu-west-1.amazonaws.com"}
        for mode, services in {
            "a new trail": {"s3.amazonaws.com"},
            "a new trail, directly": set(),
            "a bucket": {"events.amazonaws.com"},
            "a bucket, directly": {"events.amazonaws.com"},
            "a topic": {"sns.amazonaws.com"},
            "a queue": set(),
            "events": {"events.amazonaws.com"},
            "a bucket and events": {"events.amazonaws.com"},
        }.items():
            with self.subTest(mode):
                [key] = Stack(**MODES[mode], EncryptionKey="new").of("KMS::Key").values()
                self.assertTrue(key["EnableKeyRotation"])
                account, *others = key["KeyPolicy"]["Statement"]
                self.assertEqual(account["Principal"], {"AWS": "arn:aws:iam::111122223333:root"})
                # Without it, no one could change the policy again.
                self.assertIn("kms:PutKeyPolicy", account["Action"])
                self.assertEqual({each["Principal"]["Service"] for each in others}, both | services)
                for each in others:
                    keys = {key for test in each["Condition"].values() for key in test}
                    self.assertTrue(keys & {"aws:SourceArn", "kms:EncryptionContext:aws:logs:arn"}, each)
                    self.assertLessEqual({"kms:Decrypt", "kms:GenerateDataKey"}, set(each["Action"]))
                [log] = [each for each in others if each["Principal"]["Service"].startswith("logs.")]
                group = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/trailbell"
                self.assertEqual(log["Condition"], {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}})

    def test_the_documented_statements_for_an_existing_key_are_the_same(self):
        text = (ROOT / "docs" / "deploy.md").read_text()
        [block] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
        values = {"REGION": "eu-west-1", "ACCOUNT": ACCOUNT, "STACK": "trailbell", "BUCKET": OWN_BUCKET[13:], "TOPIC": TOPIC[1]}
        for word, meaning in values.items():
            block = re.sub(rf"\b{word}\b", meaning, block)
        made = {}
        for parameters in MODES.values():
            [key] = Stack(**parameters, EncryptionKey="new").of("KMS::Key").values()
            made |= {each["Sid"]: each for each in key["KeyPolicy"]["Statement"][1:]}
        self.assertEqual({each["Sid"]: each for each in json.loads(block)}, made)


if __name__ == "__main__":
    unittest.main()
