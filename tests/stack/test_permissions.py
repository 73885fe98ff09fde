"""What the policies allow is enough for the function and nothing more, and other principals get nothing.

The emulator allows or denies each request as AWS would; the tests make it with the credentials of its caller.
"""

import copy
import json
import time
import unittest
from contextlib import contextmanager

from botocore.exceptions import ClientError
from deployment import ABSENCE_SECONDS, until
from emulator import ACCOUNT, REGION
from modes import BODY, CHAT, KEY, Mode
from shared import StackTest

OTHER_ACCOUNT = "444455556666"
POLICY = "trailbell"
# After how long a queue delivers a failed message again.
RETRY_SECONDS = "10"
DENIALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "403"}
EVERYTHING = {"EncryptionKey": "mine", "TrailKeyArn": "mine", "QueueKeyArn": "mine", "Findings": "yes", **CHAT}


def refused(request):
    """Whether a request fails. In the emulator, what another account has often does not exist, where AWS would deny it."""
    try:
        request()
    except ClientError:
        return True
    return False


def denied(request):
    """Whether a request is refused for lack of permission. Any other refusal means that it was allowed."""
    try:
        request()
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIALS
    return False


class Requests:
    """One request for each action of the function's role, on a deployed mode, with a client of a caller."""

    def __init__(self, running, client):
        self.running, self.outputs = running, running.stack.outputs
        self.queue = running.queue
        self.client = client

    def of(self, action, sid):
        """The request that takes an action, or takes it on the key that a statement is about."""
        service, name = action.split(":")
        method = sid if service == "kms" else f"{service}_{name}"
        assert hasattr(self, method), f"no test takes {action} of {sid}: add a method {method} to {type(self).__name__}"
        return getattr(self, method)

    def s3_GetObject(self):
        self.client("s3").get_object(Bucket=self.running.bucket, Key=KEY)

    def s3_ListBucket(self):
        # S3 answers 404 for an object that does not exist only with this permission.
        self.client("s3").head_object(Bucket=self.running.bucket, Key="AWSLogs/missing.json.gz")

    def sqs_ReceiveMessage(self):
        self.client("sqs").receive_message(QueueUrl=self.queue)

    def sqs_DeleteMessage(self):
        self.client("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle="x")

    def sqs_ChangeMessageVisibility(self):
        self.client("sqs").change_message_visibility(QueueUrl=self.queue, ReceiptHandle="x", VisibilityTimeout=60)

    def sqs_GetQueueAttributes(self):
        self.client("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])

    def sqs_SendMessage(self):
        self.client("sqs").send_message(QueueUrl=self.outputs["FailedEventsUrl"], MessageBody="{}")

    def sns_Publish(self):
        for output in self.outputs.keys() & {"AlertTopicArn", "ChatTopicArn", "FindingTopicArn"}:
            entries = [{"Id": "1", "Message": "a test of permissions"}]
            self.client("sns").publish_batch(TopicArn=self.outputs[output], PublishBatchRequestEntries=entries)

    def sns_ListSubscriptionsByTopic(self):
        self.client("sns").list_subscriptions_by_topic(TopicArn=self.outputs["AlertTopicArn"])

    def dynamodb_BatchGetItem(self):
        self.client("dynamodb").batch_get_item(RequestItems={self.outputs["StateTableName"]: {"Keys": [{"pk": {"S": "x"}}]}})

    def dynamodb_PutItem(self):
        put = {"TableName": self.outputs["StateTableName"], "Item": {"pk": {"S": "x"}}}
        self.client("dynamodb").transact_write_items(TransactItems=[{"Put": put}])

    def dynamodb_UpdateItem(self):
        where = {"TableName": self.outputs["StateTableName"], "Key": {"pk": {"S": "x"}}}
        values = {":one": {"N": "1"}}
        self.client("dynamodb").update_item(**where, UpdateExpression="ADD version :one", ExpressionAttributeValues=values)

    def logs_CreateLogStream(self):
        self.client("logs").create_log_stream(logGroupName=self.outputs["FunctionLogName"], logStreamName=str(time.time()))

    def logs_PutLogEvents(self):
        event = {"timestamp": int(time.time() * 1000), "message": "a test of permissions"}
        where = {"logGroupName": self.outputs["FunctionLogName"], "logStreamName": "test"}
        self.client("logs").put_log_events(**where, logEvents=[event])

    # The uses of keys, by the statements that allow them: what a key encrypts needs it.
    DecryptLogFiles, DecryptQueue, UseKey = s3_GetObject, sqs_ReceiveMessage, sns_Publish


class Role(StackTest):
    """The role of the function."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.queued = cls.deploy(Mode("queue", {**EVERYTHING, "NearRealTime": "yes"}), "permissions-queue")
        cls.direct = cls.deploy(Mode("bucket", {"Delivery": "direct", "EncryptionKey": "new"}), "permissions-direct")
        cls.cloud["s3"].put_object(Bucket=cls.queued.bucket, Key="other/file", Body=b"")
        cls.forgetful = cls.deploy(Mode("queue", {**EVERYTHING, "State": "none"}), "permissions-end")

    @classmethod
    def deploy(cls, mode, name):
        running = mode.deploy(cls.cloud, name)
        [queue] = [url for url in cls.cloud["sqs"].list_queues(QueueNamePrefix=f"{name}-notices").get("QueueUrls", [])] or [None]
        running.queue = queue
        cls.cloud["logs"].create_log_stream(logGroupName=running.stack.outputs["FunctionLogName"], logStreamName="test")
        return running

    @classmethod
    def policy(cls, running):
        role = running.stack.outputs["FunctionRoleArn"].rsplit("/", 1)[1]
        return role, cls.cloud["iam"].get_role_policy(RoleName=role, PolicyName=POLICY)["PolicyDocument"]

    @contextmanager
    def without(self, running, sid, action=None):
        """Removes a statement, or one action of it, for a while."""
        role, policy = self.policy(running)
        reduced = copy.deepcopy(policy)
        [statement] = [each for each in reduced["Statement"] if each["Sid"] == sid]
        left = [each for each in actions(statement) if action and each != action]
        if left:
            statement["Action"] = left
        else:
            reduced["Statement"].remove(statement)
        self.write(role, reduced)
        try:
            yield
        finally:
            self.write(role, policy)

    def write(self, role, policy):
        self.cloud["iam"].put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=json.dumps(policy))

    def test_each_action_is_allowed_and_needs_its_statement(self):
        for running in (self.queued, self.direct):
            running.put()
            requests = Requests(running, running.stack.role)
            statements = self.policy(running)[1]["Statement"]
            for statement in (each for each in statements if each["Effect"] == "Allow"):
                for action in actions(statement):
                    with self.subTest(running.name, sid=statement["Sid"], action=action):
                        request = requests.of(action, statement["Sid"])
                        self.assertFalse(denied(request), "with its statement")
                        with self.without(running, statement["Sid"], action):
                            self.assertTrue(denied(request), "without its statement")

    def test_without_a_statement_nothing_arrives_and_with_it_again_nothing_is_lost(self):
        running = self.forgetful
        alerts = running.stack.subscribe("AlertTopicArn")
        self.cloud["sqs"].set_queue_attributes(QueueUrl=running.queue, Attributes={"VisibilityTimeout": RETRY_SECONDS})
        for sid in ("ReadLogFiles", "DecryptLogFiles", "TakeFromQueue", "DecryptQueue", "PublishAlerts", "UseKey"):
            # Each alert names the object, and so the case.
            key = KEY.replace("Kq3v", sid)
            with self.subTest(sid):
                with self.without(running, sid):
                    running.put(key)
                    time.sleep(ABSENCE_SECONDS)
                    self.assertEqual([alert[:80] for alert in self.cloud.receive(alerts) if key in alert], [])
                self.cloud.expect(alerts, key)
                # In one batch, the next case would be the same act.
                until(lambda: self.cloud.count(running.queue) == 0)

    def test_other_actions_are_denied(self):
        running = self.queued
        outputs, role = running.stack.outputs, running.stack.role
        table, bucket = outputs["StateTableName"], running.bucket
        key = {"pk": {"S": "x"}}
        function = {"FunctionName": outputs["FunctionName"]}
        role_name = outputs["FunctionRoleArn"].rsplit("/", 1)[1]
        logs = {"logGroupName": outputs["FunctionLogName"]}
        requests = {
            "read what is no log file": lambda: role("s3").get_object(Bucket=bucket, Key="other/file"),
            "read another bucket": lambda: role("s3").get_object(Bucket=self.direct.bucket, Key=KEY),
            "write a log file": lambda: role("s3").put_object(Bucket=bucket, Key=KEY, Body=b""),
            "delete a log file": lambda: role("s3").delete_object(Bucket=bucket, Key=KEY),
            "list the buckets": lambda: role("s3").list_buckets(),
            "change the notifications": lambda: role("s3").put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration={}
            ),
            "read the failed events": lambda: role("sqs").receive_message(QueueUrl=outputs["FailedEventsUrl"]),
            "store failed events": lambda: role("sqs").send_message(QueueUrl=outputs["FailedEventsUrl"], MessageBody="{}"),
            "send log events": lambda: role("sqs").send_message(QueueUrl=running.queue, MessageBody="{}"),
            "purge the queue": lambda: role("sqs").purge_queue(QueueUrl=running.queue),
            "publish an alarm": lambda: role("sns").publish(TopicArn=outputs["AlarmTopicArn"], Message="x"),
            "subscribe": lambda: role("sns").subscribe(
                TopicArn=outputs["AlertTopicArn"], Protocol="email", Endpoint="a@example.com"
            ),
            "scan the table": lambda: role("dynamodb").scan(TableName=table),
            "delete an item": lambda: role("dynamodb").delete_item(TableName=table, Key=key),
            "delete the table": lambda: role("dynamodb").delete_table(TableName=table),
            "write another table": lambda: role("dynamodb").put_item(
                TableName=self.direct.stack.outputs["StateTableName"], Item=key
            ),
            "change its code": lambda: role("lambda").update_function_code(**function, S3Bucket="artifacts", S3Key="function.zip"),
            "invoke itself": lambda: role("lambda").invoke(**function, Payload=b"{}"),
            "read its role": lambda: role("iam").get_role(RoleName=role_name),
            "extend its role": lambda: role("iam").put_role_policy(RoleName=role_name, PolicyName="more", PolicyDocument="{}"),
            "create a user": lambda: role("iam").create_user(UserName="x"),
            "end its key": lambda: role("kms").schedule_key_deletion(KeyId=self.direct.stack.outputs["KeyArn"]),
            "use another key": lambda: role("kms").generate_data_key(KeyId=self.direct.stack.outputs["KeyArn"], KeySpec="AES_256"),
            "put events": lambda: role("events").put_events(Entries=[EVENT]),
            "read its log": lambda: role("logs").filter_log_events(**logs),
            "delete its log": lambda: role("logs").delete_log_group(**logs),
            "stop a trail": lambda: role("cloudtrail").stop_logging(Name="trailbell"),
            "read the stack": lambda: role("cloudformation").describe_stacks(StackName=running.name),
        }
        for what, request in requests.items():
            with self.subTest(what):
                self.assertTrue(denied(request))


EVENT = {"Source": "test", "DetailType": "AWS API Call via CloudTrail", "Detail": "{}"}


class Others(StackTest):
    """Principals and resources that are not part of the stack."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.running = Mode("bucket", {"NearRealTime": "yes", "Findings": "yes"}).deploy(cls.cloud, "others")
        cls.running.put()
        cls.outputs = cls.running.stack.outputs

    def requests(self, client):
        outputs, account = self.outputs, f"{REGION}:{ACCOUNT}"
        table = f"arn:aws:dynamodb:{account}:table/{outputs['StateTableName']}"
        function = f"arn:aws:lambda:{account}:function:{outputs['FunctionName']}"
        found = {
            "read a log file": lambda: client("s3").get_object(Bucket=self.running.bucket, Key=KEY),
            "put a log file": lambda: client("s3").put_object(Bucket=self.running.bucket, Key=KEY, Body=BODY),
            "read the table": lambda: client("dynamodb").get_item(TableName=table, Key={"pk": {"S": "x"}}),
            "write the table": lambda: client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "x"}}),
            "invoke the function": lambda: client("lambda").invoke(FunctionName=function, Payload=b"{}"),
            "put events": lambda: client("events").put_events(
                Entries=[EVENT | {"EventBusName": f"arn:aws:events:{account}:event-bus/default"}]
            ),
        }
        for name in ("LogQueueUrl", "FailedEventsUrl"):
            found[f"send to {name}"] = lambda url=outputs[name]: client("sqs").send_message(QueueUrl=url, MessageBody="{}")
            found[f"receive from {name}"] = lambda url=outputs[name]: client("sqs").receive_message(QueueUrl=url)
        for name in ("AlertTopicArn", "FindingTopicArn", "AlarmTopicArn"):
            found[f"publish to {name}"] = lambda arn=outputs[name]: client("sns").publish(TopicArn=arn, Message="x")
            subscription = {"Protocol": "email", "Endpoint": "a@example.com"}
            found[f"subscribe to {name}"] = lambda arn=outputs[name]: client("sns").subscribe(TopicArn=arn, **subscription)
        return found

    def user(self, iam, name):
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
        return lambda service: self.cloud.emulator.client(service, **{ours: key[theirs] for ours, theirs in names.items()})

    def test_a_user_without_permissions_gets_nothing(self):
        for what, request in self.requests(self.user(self.cloud["iam"], "clerk")).items():
            with self.subTest(what):
                self.assertTrue(denied(request))

    def test_an_administrator_of_another_account_gets_nothing(self):
        root = {"aws_access_key_id": OTHER_ACCOUNT, "aws_secret_access_key": "test"}
        iam = self.cloud.emulator.client("iam", **root)
        client = self.user(iam, "stranger")
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="stranger", PolicyName="all", PolicyDocument=json.dumps(allow))
        requests = self.requests(client)
        # The emulator puts them on the bus of the caller.
        del requests["put events"]
        for what, request in requests.items():
            with self.subTest(what):
                self.assertTrue(refused(request))

    def test_no_one_sends_events_in_the_name_of_aws(self):
        # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
        answer = self.cloud["events"].put_events(Entries=[EVENT | {"Source": "aws.iam"}])
        self.assertEqual(answer["FailedEntryCount"], 1)

    def test_other_resources_of_the_account_cannot_deliver(self):
        queue = self.cloud.queue_arn(self.outputs["LogQueueUrl"])
        bucket = self.cloud.create_bucket("others-bucket")
        notices = {"QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]}
        with self.assertRaises(ClientError):
            self.cloud["s3"].put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notices)
        until(lambda: self.cloud.count(self.outputs["LogQueueUrl"]) == 0)
        before = self.invocations()
        topic = self.cloud["sns"].create_topic(Name="others-topic")["TopicArn"]
        self.cloud["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        self.cloud["sns"].publish(TopicArn=topic, Message="{}")
        function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.outputs['FunctionName']}"
        self.cloud["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
        self.cloud["sns"].publish(TopicArn=topic, Message="{}")
        self.cloud["events"].put_rule(Name="others-rule", EventPattern=json.dumps({"source": ["test"]}))
        targets = [{"Id": "queue", "Arn": queue}, {"Id": "function", "Arn": function}]
        self.cloud["events"].put_targets(Rule="others-rule", Targets=targets)
        self.cloud["events"].put_events(Entries=[EVENT])
        time.sleep(ABSENCE_SECONDS)
        self.assertEqual(self.invocations(), before)

    def invocations(self):
        return sum("_aws" in line for line in self.running.stack.log())


def actions(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else list(statement["Action"])


if __name__ == "__main__":
    unittest.main()
