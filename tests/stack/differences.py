"""Where the emulator, MiniStack 1.5.33, differs from AWS in what these tests depend on: what is corrected, and AWS's page for it.

The template is deployed as it is written. This module changes the emulator instead, in the emulator's own process, which serves
`differences:app`. Where the emulator is merely faster than AWS, as in its retries, it stays so.
"""

import contextvars
import json
import logging
import threading

from ministack.app import app
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy, resolve_credential
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudtrail, dynamodb, eventbridge, kms, lambda_svc, s3, sns, sqs
from ministack.services.cloudformation import changesets, engine, handlers, stacks
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as TYPES

__all__ = ["app"]
log = logging.getLogger("differences")


def correct(module, name):
    """Replaces a function of the emulator by one that gets the original as its first argument."""

    def install(function):
        original = getattr(module, name)
        setattr(module, name, lambda *arguments, **named: function(original, *arguments, **named))
        return function

    return install


def service_may(policy, service, action, resource, source, **more):
    """Whether a resource's policy lets a service act on behalf of `source`, an ARN of this account."""
    keys = {"aws:sourcearn": source, "aws:sourceaccount": get_account_id(), "aws:securetransport": "true"} | more
    context = EvalContext("*", "Service", "", action, resource, get_region(), service_context=keys)
    return evaluate_resource_policy(policy, context, service=service).decision == "Allow"


# ---- KMS: the emulator encrypts nothing, and asks no key policy when a queue, a topic or an object has a key. ----

# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
KEY_USES = {
    "sns:Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sqs:SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sqs:ReceiveMessage": ("kms:Decrypt",),
    "s3:GetObject": ("kms:Decrypt",),
}


def key_of(resource):
    """The customer managed key of a queue, a topic or an object, or None. Keys of AWS ask no one."""
    service = resource.split(":")[2] if resource.startswith("arn:") else ""
    key = None
    if service == "sqs":
        key = (sqs._queue_by_arn(resource) or {}).get("attributes", {}).get("KmsMasterKeyId")
    elif service == "sns":
        key = (sns._topic_by_arn_any_scope(resource) or {}).get("attributes", {}).get("KmsMasterKeyId")
    elif service == "s3" and (found := object_of(resource)):
        key = s3._stored_sse_headers(found).get("x-amz-server-side-encryption-aws-kms-key-id")
    return key if key and not key.startswith("alias/aws/") else None


def object_of(resource):
    bucket, _, name = resource.partition(":::")[2].partition("/")
    return (s3._buckets.get(bucket) or {}).get("objects", {}).get(name)


def service_may_use_key(resource, action, service, source):
    key = key_of(resource)
    if not key:
        return True
    policy = (kms._resolve_key(key) or {}).get("Policy")
    return all(service_may(policy, service, use, key, source, **via(action)) for use in KEY_USES[action])


def via(action):
    """The service through which an action uses a key:
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    return {"kms:viaservice": f"{action.split(':')[0]}.{get_region()}.amazonaws.com"}


# CloudFormation also forgets the key of a topic.
def keep_key(change):
    def keep(*arguments):
        arn, attributes = change(*arguments)
        properties = arguments[2] if isinstance(arguments[2], dict) else arguments[1]
        sns._topics[arn]["attributes"]["KmsMasterKeyId"] = properties.get("KmsMasterKeyId", "")
        return arn, attributes

    return keep


for each in ("create", "update"):
    TYPES["AWS::SNS::Topic"][each] = keep_key(TYPES["AWS::SNS::Topic"][each])


@correct(sqs, "queue_policy_allows")
def send_by_service(original, queue, service, source, account):
    return original(queue, service, source, account) and service_may_use_key(queue, "sqs:SendMessage", service, source)


@correct(iam_evaluator, "enforce")
def enforce(original, access_key, action, service, region, resource_arn="*", service_context=None):
    # The permission for a batch is that for its messages:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    action = {"sns:PublishBatch": "sns:Publish"}.get(action, action)
    # Policies name the streams of a log group, as its ARN in CloudFormation does:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html#CWL_ARN_Format
    if action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        resource_arn += ":log-stream:any"
    # Who may not list a bucket gets the same answer for a missing object as for a forbidden one:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
    if action == "s3:GetObject" and object_of(resource_arn) is None:
        denied = original(access_key, "s3:ListBucket", service, region, resource_arn.split("/")[0])
        if denied:
            return denied
    denied = original(access_key, action, service, region, resource_arn, service_context)
    if denied is None and action in KEY_USES and (key := key_of(resource_arn)):
        for use in KEY_USES[action]:
            denied = denied or original(access_key, use, "kms", region, key, via(action))
    return denied


# ---- Lambda: the emulator reads queues and stores failed events without asking the function's role. ----


def role_may(config, action, resource):
    """Whether the role of a function may act on a resource, its key included."""
    credentials = lambda_svc.execution_credentials(config)
    context = contextvars.copy_context()
    # The request that runs now, if any, is not the function's, which uses TLS.
    context.run(iam_evaluator._signed_request.set, None)
    context.run(iam_evaluator.pin_request_origin, "127.0.0.1", True)
    service = action.split(":")[0]
    allowed = context.run(iam_evaluator.enforce, credentials["AWS_ACCESS_KEY_ID"], action, service, get_region(), resource) is None
    if not allowed:
        log.warning("the role of %s may not %s on %s", config.get("FunctionName"), action, resource)
    return allowed


# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@correct(lambda_svc, "_sqs_esm_concurrency")
def poll_by_role(original, mapping, function, config, queue=None):
    if not all(role_may(config, action, mapping["EventSourceArn"]) for action in POLLING):
        return 0
    return original(mapping, function, config, queue)


# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
@correct(lambda_svc, "_route_async_failure")
def store_failure_by_role(original, target, name, event, result):
    _, config, _ = lambda_svc._get_func_record_for_ref(name)
    if role_may(config or {}, "sqs:SendMessage", target):
        original(target, name, event, result)


# ---- Deliveries: the emulator invokes functions for S3, SNS and EventBridge, and sends to queues for EventBridge, without asking
# their policies; it stores nothing in dead-letter queues of rules and subscriptions, and retries no asynchronous invocation. ----


def invoke(arn, service, source, event):
    """Invokes a function asynchronously for a service; False if the function's policy does not allow it.

    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not function or not service_may(function.get("policy"), service, "lambda:InvokeFunction", arn, source):
        log.warning("%s may not invoke %s for %s", service, arn, source)
        return False
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)
    return True


def dead_letter(queue, service, source, body):
    """Stores what could not be delivered, if the dead-letter queue and its key allow it."""
    if queue and sqs.queue_policy_allows(queue, service, source, get_account_id()):
        eventbridge._dispatch_to_sqs(eventbridge.parse_arn(queue), body)
    else:
        log.warning("%s lost a message of %s", service, source)


# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
@correct(eventbridge, "_invoke_target")
def deliver_by_rule(original, target, event, rule, view=None):
    arn, source, service = target["Arn"], rule["Arn"], "events.amazonaws.com"
    view = view or eventbridge._pattern_event_view(event)
    body = target.get("Input") or json.dumps(view.event_with_detail())
    kind = arn.split(":")[2]
    if kind == "lambda":
        delivered = invoke(arn, service, source, json.loads(body))
    elif kind == "sqs":
        delivered = sqs.queue_policy_allows(arn, service, source, get_account_id())
        if delivered:
            original(target, event, rule, view)
    else:
        return original(target, event, rule, view)
    if not delivered:
        dead_letter(target.get("DeadLetterConfig", {}).get("Arn"), service, source, body)


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
@correct(s3, "_deliver_event_to_lambda")
def deliver_by_bucket(_, arn, event, region):
    invoke(arn, "s3.amazonaws.com", event["Records"][0]["s3"]["bucket"]["arn"], event)


# https://docs.aws.amazon.com/sns/latest/dg/lambda-console.html
# https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
@correct(sns, "_deliver_to_lambda")
def deliver_by_topic(_, arn, envelope, topic, subscription, *message):
    record = {"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns", "Sns": json.loads(envelope)}
    if not invoke(arn, "sns.amazonaws.com", topic, {"Records": [record]}):
        dead_letter(redrive_of(topic, arn), "sns.amazonaws.com", topic, envelope)


@correct(sns, "_deliver_to_sqs")
def send_by_topic(original, queue, envelope, raw, message, *rest, topic_arn="", **named):
    if sqs.queue_policy_allows(queue, "sns.amazonaws.com", topic_arn, get_account_id()):
        original(queue, envelope, raw, message, *rest, topic_arn=topic_arn, **named)
    else:
        dead_letter(redrive_of(topic_arn, queue), "sns.amazonaws.com", topic_arn, envelope)


def redrive_of(topic, endpoint):
    for subscription in (sns._topic_by_arn_any_scope(topic) or {}).get("subscriptions", []):
        if subscription.get("endpoint") == endpoint:
            policy = subscription.get("attributes", {}).get("RedrivePolicy")
            return json.loads(policy).get("deadLetterTargetArn") if policy else None
    return None


# ---- CloudTrail: the emulator records calls, and EventBridge does not get them; its CloudFormation knows no trail. ----

# The state in which a rule also gets events of read-only calls:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@correct(eventbridge, "_dispatch_event")
def dispatch(original, event, view=None):
    original(event, view)
    view = view or eventbridge._pattern_event_view(event)
    for name, rule in list(eventbridge._rules.items()):
        if rule.get("State") == ALL_EVENTS and eventbridge._matches_pattern_view(rule["EventPattern"], view, name):
            for target in eventbridge._targets.get(name, []):
                eventbridge._invoke_target(target, event, rule, view)


# Services of which EventBridge gets every call. Of those that move data it would get only a part:
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
MANAGEMENT = {"iam", "ec2", "cloudtrail", "ecr", "ssm"}


# Records name the action and its parameters as this page does, and the caller by kind:
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
@correct(cloudtrail, "record_event")
def record(original, service, event_name, username, access_key_id, resources, region, request_id, *rest, **named):
    parameters = named.pop("request_params") or {}
    event_name = parameters.pop("Action", event_name)
    parameters.pop("Version", None)
    parameters = {key[:1].lower() + key[1:]: value for key, value in parameters.items()}
    named["request_params"] = parameters
    original(service, event_name, username, access_key_id, resources, region, request_id, *rest, **named)
    event = cloudtrail._get_event_queue()[-1]
    detail = json.loads(event["CloudTrailEvent"])
    detail |= {"userIdentity": identity(access_key_id), "readOnly": detail["readOnly"] == "true"}
    event["CloudTrailEvent"] = json.dumps(detail)
    if service in MANAGEMENT:
        entry = {"Source": f"aws.{service}", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(detail)}
        put = contextvars.copy_context().run
        threading.Thread(target=put, args=(eventbridge._put_events, {"Entries": [entry]}, True), daemon=True).start()


def identity(access_key_id):
    caller = resolve_credential(access_key_id)
    if not hasattr(caller, "principal_type"):
        return {"type": "Unknown", "accessKeyId": access_key_id}
    found = {
        "type": {"User": "IAMUser"}.get(caller.principal_type, caller.principal_type),
        "principalId": caller.principal_id,
        "arn": caller.principal_arn,
        "accountId": caller.account_id,
        "accessKeyId": access_key_id,
    }
    return found | ({"userName": caller.principal_name} if caller.principal_type == "User" else {})


# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
def create_trail(logical_id, properties, stack_name):
    body = dict(properties)
    name = body["Name"] = body.pop("TrailName", f"{stack_name}-{logical_id}")
    body["KmsKeyId"] = body.pop("KMSKeyId", "")
    bucket, arn = f"arn:aws:s3:::{body['S3BucketName']}", cloudtrail._trail_arn(name)
    policy = s3._bucket_policies.get(body["S3BucketName"])
    for action, resource in (("s3:GetBucketAcl", bucket), ("s3:PutObject", f"{bucket}/AWSLogs/{get_account_id()}/CloudTrail/x")):
        keys = {"aws:sourcearn": arn, "s3:x-amz-acl": "bucket-owner-full-control", "aws:securetransport": "true"}
        context = EvalContext("*", "Service", "", action, resource, get_region(), service_context=keys)
        if evaluate_resource_policy(policy, context, service="cloudtrail.amazonaws.com").decision != "Allow":
            raise ValueError(f"InsufficientS3BucketPolicyException: {action} on {resource}")
    status, _, answer = cloudtrail._create_trail(body)
    if status != 200:
        raise ValueError(json.loads(answer)["message"])
    if body.get("IsLogging"):
        cloudtrail._start_logging({"Name": name})
    return name, {"Arn": arn}


def update_trail(physical_id, old, new, stack_name):
    cloudtrail._update_trail({**new, "Name": physical_id})
    return physical_id, {"Arn": cloudtrail._trail_arn(physical_id)}


# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
def trail_status(body):
    """A trail whose bucket does not let it write has the error of S3."""
    status, headers, answer = cloudtrail._get_trail_status(body)
    if status == 200:
        name, _, trail = cloudtrail._find_visible_trail(body["Name"])
        bucket, arn = trail["S3BucketName"], cloudtrail._trail_arn(name)
        keys = {"aws:sourcearn": arn, "s3:x-amz-acl": "bucket-owner-full-control", "aws:securetransport": "true"}
        resource = f"arn:aws:s3:::{bucket}/AWSLogs/{get_account_id()}/CloudTrail/x"
        context = EvalContext("*", "Service", "", "s3:PutObject", resource, get_region(), service_context=keys)
        decision = evaluate_resource_policy(s3._bucket_policies.get(bucket), context, service="cloudtrail.amazonaws.com")
        if decision.decision != "Allow":
            answer = json.dumps(json.loads(answer) | {"LatestDeliveryError": "AccessDenied"}).encode()
            headers = {key: value for key, value in headers.items() if key.lower() != "content-length"}
    return status, headers, answer


cloudtrail._DISPATCH["GetTrailStatus"] = trail_status
TYPES["AWS::CloudTrail::Trail"] = {
    "create": create_trail,
    "update": update_trail,
    "delete": lambda physical_id, properties: cloudtrail._delete_trail({"Name": physical_id}),
}


# ---- CloudFormation: the emulator's conditions know no Fn::Join, which tells an empty list from a list.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html ----


def joined(expression, parameters):
    """An expression with each join of a parameter, which is a list, replaced by its text."""
    if isinstance(expression, list):
        return [joined(each, parameters) for each in expression]
    if not isinstance(expression, dict):
        return expression
    if "Fn::Join" in expression:
        separator, of = expression["Fn::Join"]
        return separator.join(str(parameters[of["Ref"]]["Value"]).split(","))
    return {name: joined(each, parameters) for name, each in expression.items()}


for module in (changesets, engine, handlers, stacks):
    if hasattr(module, "_evaluate_conditions"):

        @correct(module, "_evaluate_conditions")
        def conditions(original, template, parameters):
            return original({**template, "Conditions": joined(template.get("Conditions", {}), parameters)}, parameters)


# ---- Amazon Q Developer: the emulator has nothing of it. A name, and a channel, can be configured once in an account:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-slackchannelconfiguration.html ----

channels = {}


def create_channel(logical_id, properties, stack_name):
    name = properties["ConfigurationName"]
    place = json.dumps({key: value for key, value in sorted(properties.items()) if key.endswith("Id")})
    if name in channels or place in channels.values():
        raise ValueError(f"ConflictException: {name}, or its channel, is configured already")
    channels[name] = place
    arn = f"arn:aws:chatbot::{get_account_id()}:chat-configuration/{name}"
    return arn, {"Arn": arn}


for each in ("SlackChannelConfiguration", "MicrosoftTeamsChannelConfiguration"):
    TYPES[f"AWS::Chatbot::{each}"] = {
        "create": create_channel,
        "update": lambda physical_id, old, new, stack_name: (physical_id, {"Arn": physical_id}),
        "delete": lambda physical_id, properties: channels.pop(properties["ConfigurationName"], None),
    }


# ---- DynamoDB: the emulator's CloudFormation leaves out the Time to Live of a table.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html ----

create_table_alone = TYPES["AWS::DynamoDB::Table"]["create"]


def create_table(logical_id, properties, stack_name):
    made = create_table_alone(logical_id, properties, stack_name)
    if time_to_live := properties.get("TimeToLiveSpecification"):
        specification = {"AttributeName": time_to_live["AttributeName"], "Enabled": str(time_to_live["Enabled"]).lower() == "true"}
        dynamodb._update_ttl({"TableName": made[0], "TimeToLiveSpecification": specification})
    return made


TYPES["AWS::DynamoDB::Table"] = {**TYPES["AWS::DynamoDB::Table"], "create": create_table}
