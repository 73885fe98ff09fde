"""An ordinary day of a company with fifty accounts, as records of CloudTrail: no one attacks.

`python3 tests/quiet/day.py 1` prints day 1. The same number always gives the same day. The days differ in times, ids, sessions and
addresses; the people, roles and programs are the same every day. Values are invented, shapes are those of AWS.
"""

import datetime
import hashlib
import json
import random
import sys

RECORDS = 20_000
FIRST = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
REGION = "eu-west-1"

TEAMS = ["shop", "search", "payments", "orders", "mail", "data", "mobile", "maps", "support", "stock", "prices", "ads", "media",
         "partners", "labs"]
NAMES = ["management", "log-archive", "security", "shared-services", "network",
         *(f"{team}-{stage}" for team in TEAMS for stage in ("dev", "staging", "prod"))]
ACCOUNTS = {name: f"2100{index:08d}" for index, name in enumerate(NAMES, 1)}
CLUSTERS = ["shop-prod", "search-prod", "payments-prod", "data-prod"]

# The accounts of others: two vendors, a partner; and those of AWS's layers and of ELB's log delivery, which AWS publishes.
POSTURE, MONITORING, PARTNER = "999988887777", "444455556666", "555566667777"
INSIGHTS, POWERTOOLS, ELB = "580247275435", "017000801446", "156460612806"
OFFICE = "203.0.113.0/26"

# The permission sets, and the twenty people: the permission set and the accounts of each.
SETS = ["AdministratorAccess", "PowerUserAccess", "Developer", "ReadOnlyAccess", "Billing"]
PEOPLE = {
    "ada": ("AdministratorAccess", ["management", "shared-services", "shop-prod"]),
    "bashir": ("AdministratorAccess", ["security", "log-archive", "network"]),
    "chen": ("PowerUserAccess", ["shop-prod", "shop-staging"]),
    "dora": ("PowerUserAccess", ["payments-prod", "payments-dev"]),
    "emil": ("PowerUserAccess", ["data-prod", "data-dev"]),
    "farah": ("PowerUserAccess", ["orders-prod", "orders-dev"]),
    "goran": ("Developer", ["shop-dev", "shop-staging"]),
    "hana": ("Developer", ["search-dev", "search-staging"]),
    "igor": ("Developer", ["payments-dev"]),
    "jin": ("Developer", ["orders-dev", "mail-dev"]),
    "kofi": ("Developer", ["data-dev"]),
    "lena": ("Developer", ["mobile-dev", "maps-dev"]),
    "milos": ("Developer", ["labs-dev"]),
    "noor": ("Developer", ["stock-dev", "prices-dev"]),
    "olga": ("Developer", ["ads-dev", "media-dev"]),
    "pavel": ("ReadOnlyAccess", ["shop-prod", "orders-prod"]),
    "quentin": ("ReadOnlyAccess", ["payments-prod"]),
    "rosa": ("ReadOnlyAccess", ["search-prod", "mail-prod"]),
    "sven": ("ReadOnlyAccess", ["support-prod", "partners-prod"]),
    "tara": ("Billing", ["management"]),
}

BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36"
COMMAND_LINE = "aws-cli/2.33.7 md/awscrt#0.31.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.11 md/pyimpl#CPython"
BOTO = "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.1"
GO = "aws-sdk-go-v2/1.41.0 ua/2.1 os/linux lang/go#1.25.5 md/GOOS#linux md/GOARCH#arm64"
JAVA = "aws-sdk-java/2.32.0 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1 lang/java#21.0.8"
TERRAFORM = ("APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.14.0"
             " (+https://registry.terraform.io/providers/hashicorp/aws) " + GO)
PACKER = "APN/1.0 HashiCorp/1.0 Packer/1.14.1 (+https://www.packer.io/; go1.24; linux/amd64) " + GO

# What the pages of the console read, by service.
CONSOLE = {
    "ec2": "DescribeInstances DescribeInstanceStatus DescribeVolumes DescribeSecurityGroups DescribeSubnets DescribeVpcs DescribeTags"
           " DescribeAddresses DescribeImages DescribeSnapshots DescribeKeyPairs DescribeNetworkInterfaces DescribeAvailabilityZones"
           " DescribeInstanceTypes DescribeLaunchTemplates DescribeAccountAttributes DescribeRegions GetEbsEncryptionByDefault",
    "s3": "ListBuckets GetBucketLocation GetBucketPolicyStatus GetBucketPublicAccessBlock GetAccountPublicAccessBlock GetBucketAcl"
          " GetBucketVersioning GetBucketTagging GetBucketEncryption GetBucketLogging GetBucketNotification",
    "lambda": "ListFunctions20150331 GetFunction20150331v2 GetFunctionConfiguration20150331v2 GetPolicy20150331v2"
              " ListEventSourceMappings20150331 GetAccountSettings20160819 ListTags20170331 ListLayers20181031",
    "logs": "DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents StartQuery GetQueryResults DescribeMetricFilters"
            " DescribeQueryDefinitions",
    "monitoring": "ListMetrics DescribeAlarms GetMetricData ListDashboards DescribeInsightRules DescribeAnomalyDetectors",
    "rds": "DescribeDBInstances DescribeDBClusters DescribeDBSnapshots DescribeDBEngineVersions DescribeEvents"
           " DescribePendingMaintenanceActions ListTagsForResource",
    "dynamodb": "ListTables DescribeTable DescribeContinuousBackups DescribeTimeToLive ListTagsOfResource",
    "cloudformation": "ListStacks DescribeStacks DescribeStackEvents ListStackResources GetTemplate GetTemplateSummary",
    "ecs": "ListClusters DescribeClusters ListServices DescribeServices ListTasks DescribeTasks DescribeTaskDefinition",
    "iam": "ListRoles GetRole ListUsers ListPolicies ListAttachedRolePolicies ListRolePolicies GetAccountSummary"
           " GetAccountPasswordPolicy ListAccountAliases ListMFADevices ListAccessKeys",
    "cloudtrail": "LookupEvents DescribeTrails GetTrailStatus ListEventDataStores",
    "ssm": "DescribeInstanceInformation DescribeParameters ListDocuments GetParameter DescribeSessions ListAssociations",
    "secretsmanager": "ListSecrets DescribeSecret",
    "ce": "GetCostAndUsage GetCostForecast GetDimensionValues",
    "health": "DescribeEventAggregates DescribeEvents",
    "notifications": "ListNotificationHubs ListNotificationEvents ListManagedNotificationEvents",
    "kms": "ListAliases ListKeys DescribeKey",
    "tagging": "GetResources GetTagKeys",
}

# What a plan of Terraform refreshes, by service.
PLAN = {
    "sts": "GetCallerIdentity",
    "iam": "GetRole ListRolePolicies ListAttachedRolePolicies GetRolePolicy GetPolicy GetPolicyVersion ListPolicyVersions"
           " GetInstanceProfile GetOpenIDConnectProvider",
    "s3": "HeadBucket GetBucketPolicy GetBucketAcl GetBucketCors GetBucketWebsite GetBucketVersioning GetAccelerateConfiguration"
          " GetBucketRequestPayment GetBucketLogging GetBucketLifecycle GetBucketReplication GetBucketEncryption"
          " GetBucketObjectLockConfiguration GetBucketTagging GetBucketPublicAccessBlock GetBucketNotification",
    "ec2": "DescribeVpcs DescribeVpcAttribute DescribeSubnets DescribeRouteTables DescribeSecurityGroups DescribeSecurityGroupRules"
           " DescribeNetworkAcls DescribeInternetGateways DescribeNatGateways DescribeInstances DescribeInstanceTypes"
           " DescribeInstanceAttribute DescribeInstanceCreditSpecifications DescribeVolumes DescribeLaunchTemplates"
           " DescribeLaunchTemplateVersions DescribeFlowLogs DescribeImages DescribeAddresses DescribeAvailabilityZones",
    "ssm": "DescribeParameters GetParameter ListTagsForResource DescribeDocument",
    "kms": "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags ListAliases",
    "lambda": "GetFunction20150331v2 ListVersionsByFunction20150331 GetFunctionCodeSigningConfig GetPolicy20150331v2",
    "logs": "DescribeLogGroups ListTagsForResource",
    "rds": "DescribeDBInstances DescribeDBSubnetGroups DescribeDBParameterGroups DescribeDBParameters ListTagsForResource",
    "dynamodb": "DescribeTable DescribeContinuousBackups DescribeTimeToLive ListTagsOfResource",
    "sns": "GetTopicAttributes ListTagsForResource GetSubscriptionAttributes",
    "sqs": "GetQueueAttributes ListQueueTags",
    "elasticloadbalancing": "DescribeLoadBalancers DescribeLoadBalancerAttributes DescribeTargetGroups DescribeListeners DescribeTags",
    "route53": "GetHostedZone ListResourceRecordSets ListTagsForResource",
    "secretsmanager": "DescribeSecret GetSecretValue GetResourcePolicy",
    "ecr": "DescribeRepositories GetLifecyclePolicy GetRepositoryPolicy ListTagsForResource",
    "events": "DescribeRule ListTargetsByRule ListTagsForResource",
    "monitoring": "DescribeAlarms ListTagsForResource",
}

# What a vendor's inventory and an own scanner read in each account.
INVENTORY = {
    "iam": "GetAccountAuthorizationDetails GenerateCredentialReport GetCredentialReport GetAccountPasswordPolicy ListUsers ListRoles"
           " ListPolicies ListVirtualMFADevices ListServerCertificates ListSAMLProviders ListOpenIDConnectProviders GetAccountSummary",
    "ec2": "DescribeInstances DescribeVolumes DescribeSnapshots DescribeImages DescribeSecurityGroups DescribeVpcs DescribeSubnets"
           " DescribeRouteTables DescribeNetworkAcls DescribeAddresses DescribeFlowLogs DescribeVpcEndpoints DescribeRegions"
           " DescribeLaunchTemplates DescribeInternetGateways GetEbsEncryptionByDefault DescribeInstanceAttribute",
    "s3": "ListBuckets GetBucketPolicy GetBucketAcl GetBucketPublicAccessBlock GetBucketEncryption GetBucketVersioning"
          " GetBucketLogging GetBucketLocation",
    "lambda": "ListFunctions20150331 GetPolicy20150331v2 ListFunctionUrlConfigs",
    "rds": "DescribeDBInstances DescribeDBClusters DescribeDBSnapshots DescribeDBSnapshotAttributes",
    "kms": "ListKeys DescribeKey GetKeyPolicy GetKeyRotationStatus",
    "eks": "ListClusters DescribeCluster",
    "ecr": "DescribeRepositories DescribeImages GetRepositoryPolicy",
    "cloudtrail": "DescribeTrails GetTrailStatus GetEventSelectors",
    "secretsmanager": "ListSecrets GetResourcePolicy",
    "ssm": "DescribeParameters DescribeInstanceInformation ListDocuments",
    "sns": "ListTopics GetTopicAttributes",
    "sqs": "ListQueues GetQueueAttributes",
    "guardduty": "ListDetectors GetDetector",
    "config": "DescribeConfigurationRecorders DescribeConfigurationRecorderStatus",
    "ecs": "ListClusters ListTaskDefinitions DescribeTaskDefinition",
    "dynamodb": "ListTables DescribeTable",
}
METRICS = {
    "ec2": "DescribeInstances DescribeVolumes DescribeRegions",
    "tagging": "GetResources",
    "monitoring": "ListMetrics GetMetricData DescribeAlarms",
    "rds": "DescribeDBInstances",
    "lambda": "ListFunctions20150331 ListTags20170331",
    "elasticloadbalancing": "DescribeLoadBalancers DescribeTags",
    "ecs": "ListClusters ListServices DescribeServices",
    "logs": "DescribeLogGroups DescribeSubscriptionFilters",
}
READS = ("Get", "List", "Describe", "Lookup", "Head", "BatchGet", "Filter", "Search", "AssumeRole", "Test", "StartQuery", "Decrypt",
         "GenerateDataKey", "GenerateCredentialReport", "CredentialVerification")


def stable(text, length):
    """Hexadecimal digits that are the same every day."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def key(text, prefix):
    """An id of IAM that is the same for the same text."""
    return prefix + hashlib.sha256(text.encode()).hexdigest()[:12].upper() + "EXAMPLE"[:4]


def calls(table):
    """The source and name of each call of a table."""
    return [(f"{service}.amazonaws.com", name) for service, names in table.items() for name in names.split()]


def role(account, name, session, path="/", invoked_by=None):
    """A role's session."""
    number = ACCOUNTS[account]
    arn = f"arn:aws:iam::{number}:role{path}{name}"
    identity = {
        "type": "AssumedRole", "principalId": f"{key(arn, 'AROA')}:{session}",
        "arn": f"arn:aws:sts::{number}:assumed-role/{name}/{session}", "accountId": number,
        "accessKeyId": key(arn + session, "ASIA"),
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": key(arn, "AROA"), "arn": arn, "accountId": number, "userName": name},
            "webIdFederationData": {}, "attributes": {"creationDate": "", "mfaAuthenticated": "false"},
        },
    }
    if invoked_by:
        identity["invokedBy"] = invoked_by
    return identity


def linked(account, name, service, session):
    """A session of a service-linked role."""
    return role(account, name, session, f"/aws-service-role/{service}/", service)


def permission_set(name, account):
    """The role of a permission set in an account."""
    return f"AWSReservedSSO_{name}_{stable(name + account, 16)}"


def person(name, account):
    """The session of a person of Identity Center."""
    return role(account, permission_set(PEOPLE[name][0], account), f"{name}@example.com",
                f"/aws-reserved/sso.amazonaws.com/{REGION}/")


def user(account, name):
    """A user with a long-lived key."""
    number = ACCOUNTS[account]
    return {"type": "IAMUser", "principalId": key(name, "AIDA"), "arn": f"arn:aws:iam::{number}:user/{name}", "accountId": number,
            "accessKeyId": key(name, "AKIA"), "userName": name}


def service(name):
    """A service of AWS."""
    return {"type": "AWSService", "invokedBy": name}


class Day:
    """The records of one day, which `all` returns in order of time."""

    def __init__(self, number):
        self.random = random.Random(f"day {number}")
        self.number, self.start, self.records = number, FIRST + datetime.timedelta(days=number), []

    def hex(self, length):
        return f"{self.random.getrandbits(4 * length):0{length}x}"

    def uuid(self):
        digits = self.hex(32)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def thing(self, prefix):
        """A new id of EC2, such as that of an instance."""
        return f"{prefix}-0{self.hex(16)}"

    def within(self, first, last):
        """A second of the day between two hours."""
        return self.random.randrange(int(first * 3600), int(last * 3600))

    def home(self, name):
        """Where a person works today: most in the office, some at home."""
        if self.random.random() < 0.7:
            return "203.0.113." + str(2 + int(stable(name, 2), 16) % 50)
        return "198.51.100." + str(self.random.randrange(2, 250))

    def add(self, at, identity, source, name, request=None, response=None, *, agent=BOTO, ip="192.0.2.10", region=REGION,
            account=None, error=None, console=False, data=False, **more):
        """Adds a record, and returns it."""
        source = source if "." in source else f"{source}.amazonaws.com"
        if source in ("iam.amazonaws.com", "route53.amazonaws.com", "ce.amazonaws.com", "organizations.amazonaws.com"):
            region = "us-east-1"
        time = self.start + datetime.timedelta(seconds=min(int(at), 86_399))
        identity = json.loads(json.dumps(identity))
        attributes = identity.get("sessionContext", {}).get("attributes")
        if attributes:
            attributes["creationDate"] = (time - datetime.timedelta(minutes=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
        invoked_by = identity.get("invokedBy")
        number = ACCOUNTS[account] if account else identity.get("accountId")
        record = {
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": source, "eventName": name, "awsRegion": region, "sourceIPAddress": invoked_by or ip,
            "userAgent": invoked_by or agent, "requestParameters": request, "responseElements": response,
            "requestID": self.uuid(), "eventID": self.uuid(), "readOnly": name.startswith(READS), "eventType": "AwsApiCall",
            "managementEvent": not data, "recipientAccountId": number, "eventCategory": "Data" if data else "Management",
        }
        if error:
            record["errorCode"] = error
            record["errorMessage"] = f"User: {identity.get('arn', 'anonymous')} is not authorized to perform: {name}"
            record["responseElements"] = None
        if not invoked_by:
            record["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                                    "clientProvidedHostHeader": source.replace(".amazonaws", f".{region}.amazonaws")}
        if console:
            record["sessionCredentialFromConsole"] = "true"
        record.update(more)
        self.records.append(record)
        return record

    def reads(self, at, identity, table, count, pause=1, **how):
        """Adds some of the calls of a table, one after the other."""
        each = calls(table)
        for index in range(count):
            source, name = each[index % len(each)] if count >= len(each) else self.random.choice(each)
            self.add(at, identity, source, name, self.request_of(source, name), **how)
            at += self.random.random() * 2 * pause
        return at

    def request_of(self, source, name):
        """The request of a call that reads."""
        if source.startswith("secretsmanager") and name in ("GetSecretValue", "DescribeSecret", "GetResourcePolicy"):
            return {"secretId": f"prod/{self.random.choice(TEAMS)}/{self.random.choice(['db', 'api', 'smtp', 'cache'])}"}
        if name == "GetParameter":
            return {"name": f"/{self.random.choice(TEAMS)}/database/password", "withDecryption": True}
        if name in ("DescribeParameters", "ListSecrets", "ListFunctions20150331"):
            return {"maxResults": 50}
        if name == "DescribeInstanceAttribute":
            return {"instanceId": self.thing("i"),
                    "attribute": self.random.choice(["instanceInitiatedShutdownBehavior", "disableApiTermination", "userData"])}
        if source.startswith("s3") and name not in ("ListBuckets", "GetAccountPublicAccessBlock"):
            return {"bucketName": f"example-{self.random.choice(TEAMS)}-assets", "Host": f"s3.{REGION}.amazonaws.com"}
        if source.startswith("iam") and "Role" in name and name != "ListRoles":
            return {"roleName": f"{self.random.choice(TEAMS)}-task"}
        return None

    def assume(self, at, caller, account, name, session, *, path="/", **how):
        """Adds AssumeRole by another account, in the account of the role."""
        number = ACCOUNTS[account]
        arn = f"arn:aws:iam::{number}:role{path}{name}"
        identity = {"type": "AWSAccount", "principalId": f"{key(caller + name, 'AROA')}:{session}", "accountId": caller}
        self.add(at, identity, "sts", "AssumeRole",
                 {"roleArn": arn, "roleSessionName": session, "externalId": stable(caller + number, 8), "durationSeconds": 3600},
                 {"credentials": {"accessKeyId": key(arn + session, "ASIA"), "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
                                  "expiration": "Mar 2, 2026, 3:14:20 PM"},
                  "assumedRoleUser": {"assumedRoleId": f"{key(arn, 'AROA')}:{session}",
                                      "arn": f"arn:aws:sts::{number}:assumed-role/{name}/{session}"}},
                 account=account, resources=[{"accountId": number, "type": "AWS::IAM::Role", "ARN": arn}],
                 sharedEventID=self.uuid(), **how)

    # People

    def people(self):
        for name, (_, accounts) in PEOPLE.items():
            ip = self.home(name)
            at = self.within(7.5, 9.5)
            self.sign_in(at, name, ip)
            for account in accounts:
                how = {"agent": BROWSER, "ip": ip, "console": True}
                identity = person(name, account)
                portal = {"type": "Unknown", "principalId": ACCOUNTS["management"], "accountId": ACCOUNTS["management"],
                          "userName": f"{name}@example.com"}
                self.add(at + 60, portal, "sso", "Federate", None, None, agent=BROWSER, ip=ip, eventType="AwsServiceEvent",
                         serviceEventDetails={"role_name": PEOPLE[name][0], "account_id": ACCOUNTS[account]})
                self.add(at + 62, identity, "signin", "ConsoleLogin", None, {"ConsoleLogin": "Success"}, agent=BROWSER, ip=ip,
                         eventType="AwsConsoleSignIn",
                         additionalEventData={"MobileVersion": "No", "MFAUsed": "No", "LoginTo": "https://console.aws.amazon.com/"})
                for _ in range(self.random.randrange(3, 6)):
                    page = self.random.choice([*CONSOLE, "ec2", "logs", "s3", "monitoring"])
                    visit = self.within(at / 3600 + 0.1, 17.5)
                    self.reads(visit, identity, {page: CONSOLE[page]}, self.random.randrange(6, 18), **how)
                    if PEOPLE[name][0] in ("ReadOnlyAccess", "Developer", "Billing") and self.random.random() < 0.3:
                        source, call = self.random.choice([("ce", "GetCostAndUsage"), ("health", "DescribeEventAggregates"),
                                                           ("securityhub", "DescribeHub"), ("iam", "ListAccountAliases"),
                                                           ("organizations", "DescribeOrganization"), ("kms", "ListKeys")])
                        for index in range(self.random.randrange(1, 5)):
                            self.add(visit + index, identity, source, call, None, error="AccessDeniedException", **how)
        for name in self.random.sample(list(PEOPLE), 2):
            self.add(self.within(8, 10), {"type": "IdentityCenterUser", "accountId": ACCOUNTS["management"],
                                          "onBehalfOf": {"userId": stable(name, 32), "identityStoreArn":
                                                         f"arn:aws:identitystore::{ACCOUNTS['management']}:identitystore/d-9067example"}},
                     "signin", "CredentialVerification", None, None, agent=BROWSER, ip=self.home(name), eventType="AwsServiceEvent",
                     serviceEventDetails={"CredentialVerification": "Failure"})
        self.changes_by_people()

    def sign_in(self, at, name, ip):
        identity = {"type": "IdentityCenterUser", "accountId": ACCOUNTS["management"],
                    "onBehalfOf": {"userId": stable(name, 32),
                                   "identityStoreArn": f"arn:aws:identitystore::{ACCOUNTS['management']}:identitystore/d-9067example"}}
        for index, kind in enumerate(("PASSWORD", "TOTP")):
            self.add(at + index * 9, identity, "signin", "CredentialVerification", None, None, agent=BROWSER, ip=ip,
                     eventType="AwsServiceEvent",
                     additionalEventData={"AuthWorkflowID": self.uuid(), "CredentialType": kind},
                     serviceEventDetails={"CredentialVerification": "Success"})
        self.add(at + 12, identity, "signin", "UserAuthentication", None, None, agent=BROWSER, ip=ip, eventType="AwsServiceEvent",
                 serviceEventDetails={"UserAuthentication": "Success"})

    def changes_by_people(self):
        def by(name, account, source, call, request, response=None, hours=(9, 17), **how):
            how = {"agent": BROWSER, "console": True, **how}
            return self.add(self.within(*hours), person(name, account), source, call, request, response, ip=self.home(name), **how)

        instance = f"i-0{stable('bastion', 16)}"
        change = [{"instanceId": instance, "currentState": {"code": 0, "name": "pending"}, "previousState": {"code": 80, "name": "stopped"}}]
        by("goran", "shop-dev", "ec2", "StartInstances", {"instancesSet": {"items": [{"instanceId": instance}]}},
           {"requestId": self.uuid(), "instancesSet": {"items": change}}, (8, 9))
        by("goran", "shop-dev", "ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": instance}]}, "force": False},
           {"requestId": self.uuid(), "instancesSet": {"items": change}}, (17, 18))
        group = f"sg-0{stable('office', 16)}"
        by("hana", "search-dev", "ec2", "AuthorizeSecurityGroupIngress",
           {"groupId": group, "ipPermissions": {"items": [{
               "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {}, "ipv6Ranges": {}, "prefixListIds": {},
               "ipRanges": {"items": [{"cidrIp": OFFICE, "description": "office"}]}}]}},
           {"requestId": self.uuid(), "_return": True})
        by("hana", "search-dev", "ec2", "RevokeSecurityGroupIngress",
           {"groupId": group, "securityGroupRuleIds": {"items": [{"securityGroupRuleId": self.thing("sgr")}]}},
           {"requestId": self.uuid(), "_return": True})
        for name, account in (("chen", "shop-prod"), ("dora", "payments-prod"), ("emil", "data-prod")):
            target = f"i-0{stable(account, 16)}"
            session = f"{name}@example.com-0{self.hex(16)}"
            at = self.within(10, 16)
            how = {"agent": COMMAND_LINE, "ip": self.home(name)}
            self.add(at, person(name, account), "ssm", "StartSession", {"target": target},
                     {"sessionId": session, "tokenValue": "Value hidden due to security reasons.",
                      "streamUrl": f"wss://ssmmessages.{REGION}.amazonaws.com/v1/data-channel/{session}"}, **how)
            self.add(at + 1500, person(name, account), "ssm", "TerminateSession", {"sessionId": session}, {"sessionId": session}, **how)
        # Two people under one permission set read eight secrets each, one after the other.
        for name, account in (("dora", "payments-prod"), ("farah", "orders-prod")):
            at = self.within(10, 15)
            for index in range(8):
                self.add(at + index * 40, person(name, account), "secretsmanager", "GetSecretValue",
                         {"secretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNTS[account]}:secret:{account}/{index}-AbCdEf"},
                         agent=BROWSER, ip=self.home(name), console=True)
        # A role that people take from their own.
        at = self.within(10, 16)
        ada = person("ada", "shared-services")
        self.add(at, ada, "signin", "SwitchRole", None, {"SwitchRole": "Success"}, agent=BROWSER, ip=self.home("ada"),
                 eventType="AwsConsoleSignIn", additionalEventData={"SwitchTo": f"arn:aws:iam::{ACCOUNTS['network']}:role/network-admin"})
        self.assume(at, ACCOUNTS["shared-services"], "network", "network-admin", "ada@example.com", agent="AWS Signin, aws-internal/3",
                    ip=self.home("ada"))
        admin = role("network", "network-admin", "ada@example.com")
        self.reads(at + 20, admin, {"ec2": CONSOLE["ec2"]}, 15, agent=BROWSER, ip=self.home("ada"), console=True)
        table = f"arn:aws:ec2:{REGION}:{ACCOUNTS['network']}:route-table/rtb-0{stable('route', 16)}"
        self.add(at + 200, admin, "ec2", "CreateRoute",
                 {"routeTableId": table.rsplit("/", 1)[1], "destinationCidrBlock": f"10.{self.number % 250}.0.0/16",
                  "transitGatewayId": f"tgw-0{stable('transit', 16)}"}, {"requestId": self.uuid(), "_return": True}, agent=BROWSER,
                 ip=self.home("ada"), console=True)
        # What the console sends by default, and everyday clicks.
        by("kofi", "data-dev", "dynamodb", "CreateTable",
           {"tableName": f"try-{self.hex(4)}", "deletionProtectionEnabled": False, "billingMode": "PAY_PER_REQUEST",
            "keySchema": [{"attributeName": "id", "keyType": "HASH"}],
            "attributeDefinitions": [{"attributeName": "id", "attributeType": "S"}]})
        by("milos", "labs-dev", "rds", "CreateDBInstance",
           {"dBInstanceIdentifier": f"try-{self.hex(4)}", "dBInstanceClass": "db.t4g.micro", "engine": "postgres",
            "deletionProtection": False, "publiclyAccessible": False, "masterUserPassword": "****", "backupRetentionPeriod": 1},
           {"dBInstanceClass": "db.t4g.micro", "publiclyAccessible": False, "deletionProtection": False})
        by("bashir", "security", "guardduty", "ArchiveFindings",
           {"detectorId": stable("detector", 32), "findingIds": [self.hex(32) for _ in range(3)]})
        by("bashir", "security", "securityhub", "BatchUpdateFindings",
           {"findingIdentifiers": [{"id": self.uuid(), "productArn": f"arn:aws:securityhub:{REGION}::product/aws/securityhub"}],
            "workflow": {"status": "NOTIFIED"}})
        by("bashir", "security", "cloudtrail", "LookupEvents", {"maxResults": 50})
        by("goran", "shop-dev", "lambda", "UpdateFunctionCode20150331v2", {"functionName": "try", "publish": False, "dryRun": False},
           {"functionName": "try", "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNTS['shop-dev']}:function:try"})
        by("jin", "orders-dev", "s3", "CreateBucket", {"bucketName": f"example-try-{self.hex(6)}", "Host": f"s3.{REGION}.amazonaws.com",
                                                       "CreateBucketConfiguration": {"LocationConstraint": REGION}})
        by("lena", "mobile-dev", "ec2", "RunInstances",
           {"instancesSet": {"items": [{"imageId": f"ami-0{stable('linux', 16)}", "minCount": 1, "maxCount": 1}]},
            "instanceType": "t4g.small", "clientToken": self.uuid()},
           {"instancesSet": {"items": [{"instanceId": self.thing("i"), "instanceType": "t4g.small"}]}})
        by("noor", "stock-dev", "ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": self.thing("i")}]}})
        by("olga", "media-dev", "cloudformation", "CreateStack",
           {"stackName": f"try-{self.hex(4)}", "capabilities": ["CAPABILITY_IAM"], "parameters": []},
           {"stackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNTS['media-dev']}:stack/try/{self.uuid()}"})
        by("farah", "orders-dev", "ecs", "ExecuteCommand",
           {"cluster": "orders", "task": self.hex(32), "command": "/bin/sh", "interactive": True}, agent=COMMAND_LINE, console=False)
        by("emil", "data-dev", "glue", "UpdateTable", {"omitted": True, "originalSize": 141_000, "reason": "requestParameters too large"})
        by("chen", "shop-staging", "ec2", "CreateKeyPair", {"keyName": f"chen-{self.number}", "keyType": "ed25519"})
        by("ada", "management", "cloudshell", "CreateSession", {"EnvironmentId": self.uuid()})
        # A new phone: in Identity Center, and of one of the last users of IAM.
        number = ACCOUNTS["management"]
        phone = self.random.choice(list(PEOPLE))
        by("ada", "management", "sso-directory", "DeleteMfaDeviceForUser",
           {"userId": stable(phone, 32), "identityStoreId": "d-9067example", "deviceId": self.uuid()})
        last = user("labs-prod", "printer-admin")
        last["accessKeyId"] = "ASIAPRINTER2EXAMPLE"
        last["sessionContext"] = {"attributes": {"creationDate": "", "mfaAuthenticated": "true"}}
        serial = f"arn:aws:iam::{ACCOUNTS['labs-prod']}:mfa/printer-admin"
        at = self.within(9, 16)
        if self.number % 3 == 1:
            for index, (call, request) in enumerate((
                    ("DeactivateMFADevice", {"userName": "printer-admin", "serialNumber": serial}),
                    ("DeleteVirtualMFADevice", {"serialNumber": serial}),
                    ("CreateVirtualMFADevice", {"virtualMFADeviceName": "printer-admin"}),
                    ("EnableMFADevice", {"userName": "printer-admin", "serialNumber": serial}))):
                self.add(at + index * 30, last, "iam", call, request, agent=BROWSER, ip="203.0.113.9", console=True)
        # A wrong password now and then.
        for _ in range(3):
            self.add(self.within(8, 17), {"type": "IAMUser", "accountId": ACCOUNTS["labs-prod"], "accessKeyId": "",
                                          "userName": "printer-admin"},
                     "signin", "ConsoleLogin", None, {"ConsoleLogin": "Failure"}, agent=BROWSER, ip="203.0.113.9",
                     errorMessage="Failed authentication", eventType="AwsConsoleSignIn",
                     additionalEventData={"MobileVersion": "No", "MFAUsed": "No", "LoginTo": "https://console.aws.amazon.com/"})
        by("ada", "management", "sso", "CreateAccountAssignment",
           {"instanceArn": "arn:aws:sso:::instance/ssoins-6804example", "principalType": "GROUP", "principalId": stable("group", 32),
            "targetType": "AWS_ACCOUNT", "targetId": self.random.choice(list(ACCOUNTS.values())),
            "permissionSetArn": f"arn:aws:sso:::permissionSet/ssoins-6804example/ps-{stable('Developer', 16)}"},
           {"accountAssignmentCreationStatus": {"status": "IN_PROGRESS", "requestId": self.uuid()}})
        self.add(self.within(9, 17), person("tara", "management"), "support", "CreateCase",
                 {"subject": "a question about an invoice", "serviceCode": "billing"}, agent=BROWSER, ip=self.home("tara"), console=True,
                 recipientAccountId=number)

    # Deployments

    def terraform(self):
        for run in range(14):
            account = ["shop-prod", "shop-dev", "network", "shared-services", "data-prod", "security", "orders-dev"][run] \
                if run < 7 else self.random.choice(NAMES)
            session = f"run-{self.hex(8)}"
            identity = role(account, "terraform-deploy", session, "/ci/")
            at = self.within(8, 18)
            how = {"agent": TERRAFORM, "ip": f"192.0.2.{self.random.randrange(20, 40)}"}
            self.assume(at, ACCOUNTS["shared-services"], account, "terraform-deploy", session, path="/ci/", **how)
            at = self.reads(at + 2, identity, PLAN, self.random.randrange(150, 230), 0.15, **how)
            if account == "shop-prod":
                for index in range(24):
                    self.add(at + index * 0.1, identity, "secretsmanager", "GetSecretValue", {"secretId": f"shop/{index}"}, **how)
            self.apply(at + 30, identity, account, how)
        account = "labs-dev"
        identity = role(account, "terraform-deploy", f"run-{self.hex(8)}", "/ci/")
        how = {"agent": TERRAFORM, "ip": "192.0.2.21"}
        at = self.within(17, 19)
        zone, alarm = self.hex(6), self.hex(4)
        for source, name, request in (
                ("ec2", "DeleteFlowLogs", {"DeleteFlowLogsRequest": {"FlowLogId": {"content": self.thing("fl"), "tag": 1}}}),
                ("kms", "ScheduleKeyDeletion", {"keyId": self.uuid(), "pendingWindowInDays": 7}),
                ("dynamodb", "DeleteTable", {"tableName": f"test-{zone}"}),
                ("rds", "DeleteDBInstance", {"dBInstanceIdentifier": f"test-{zone}", "skipFinalSnapshot": True}),
                ("s3", "DeleteBucketPublicAccessBlock", {"bucketName": f"example-test-{zone}", "publicAccessBlock": ""}),
                ("s3", "DeleteBucketPolicy", {"bucketName": f"example-test-{zone}", "policy": ""}),
                ("s3", "DeleteBucket", {"bucketName": f"example-test-{zone}"}),
                ("iam", "DetachRolePolicy", {"roleName": f"test-{zone}", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
                ("iam", "DeleteRole", {"roleName": f"test-{zone}"}),
                ("logs", "DeleteLogGroup", {"logGroupName": f"/test/{zone}"}),
                ("events", "RemoveTargets", {"rule": f"test-{zone}", "ids": ["a"]}),
                ("events", "DeleteRule", {"name": f"test-{zone}"}),
                ("monitoring", "DeleteAlarms", {"alarmNames": [f"test-{alarm}"]}),
                ("wafv2", "DeleteWebACL", {"name": f"test-{zone}", "scope": "REGIONAL", "id": self.uuid(), "lockToken": self.uuid()}),
                ("secretsmanager", "DeleteSecret", {"secretId": f"test/{zone}", "forceDeleteWithoutRecovery": True}),
                ("elasticache", "DeleteReplicationGroup", {"replicationGroupId": f"test-{zone}"}),
                ("ssm", "DeleteParameter", {"name": f"/test/{zone}"}),
                ("ecr", "DeleteRepository", {"repositoryName": f"test/{zone}", "force": True}),
                ("lambda", "DeleteFunction20150331", {"functionName": f"test-{zone}"}),
                ("ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": self.thing("i")}]}}),
                ("ec2", "DeleteSecurityGroup", {"groupId": self.thing("sg")}),
                ("ec2", "DeleteVpc", {"vpcId": self.thing("vpc")})):
            self.add(at, identity, source, name, request, **how)
            at += 2

    def apply(self, at, identity, account, how):
        """What an apply of Terraform changes: some of it."""
        number, name = ACCOUNTS[account], f"{account}-{self.hex(4)}"
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                         "Principal": {"Service": "lambda.amazonaws.com"}}]}
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"],
                                                          "Resource": f"arn:aws:s3:::example-{name}/*"}]}
        key_policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
                                                              "Principal": {"AWS": f"arn:aws:iam::{number}:root"}}]}
        logs = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::example-{name}-lb/*",
             "Principal": {"AWS": f"arn:aws:iam::{ELB}:root"}},
            {"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::example-{name}-lb/*", "Principal": "*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}
        topic = f"arn:aws:sns:{REGION}:{number}:{name}"
        queue = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{REGION}:{number}:{name}", "Principal": "*",
             "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
        topic_policy = {"Version": "2008-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["SNS:Publish", "SNS:Subscribe"], "Resource": topic, "Principal": {"AWS": "*"},
             "Condition": {"StringEquals": {"AWS:SourceOwner": number}}}]}
        layers = [f"arn:aws:lambda:{REGION}:{INSIGHTS}:layer:LambdaInsightsExtension-Arm64:20",
                  f"arn:aws:lambda:{REGION}:{POWERTOOLS}:layer:AWSLambdaPowertoolsPythonV3-python313-arm64:18"]
        changes = [
            [("iam", "CreateRole", {"roleName": name, "assumeRolePolicyDocument": json.dumps(trust), "path": "/"}),
             ("iam", "PutRolePolicy", {"roleName": name, "policyName": "files", "policyDocument": json.dumps(policy)}),
             ("iam", "AttachRolePolicy", {"roleName": name,
                                          "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
             ("lambda", "CreateFunction20150331", {"functionName": name, "runtime": "python3.13", "layers": layers, "handler": "a.b"}),
             ("lambda", "AddPermission20150331v2", {"functionName": name, "principal": "events.amazonaws.com",
                                                    "action": "lambda:InvokeFunction",
                                                    "sourceArn": f"arn:aws:events:{REGION}:{number}:rule/{name}"}),
             ("events", "PutRule", {"name": name, "scheduleExpression": "rate(1 hour)", "state": "ENABLED"}),
             ("events", "PutTargets", {"rule": name, "targets": [{"id": "a", "arn": topic}]})],
            [("lambda", "UpdateFunctionConfiguration20150331v2", {"functionName": f"{account}-api", "layers": layers}),
             ("lambda", "UpdateFunctionCode20150331v2", {"functionName": f"{account}-api", "publish": True})],
            [("s3", "CreateBucket", {"bucketName": f"example-{name}-lb"}),
             ("s3", "PutBucketPublicAccessBlock", {"bucketName": f"example-{name}-lb", "PublicAccessBlockConfiguration": {
                 "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}}),
             ("s3", "PutBucketPolicy", {"bucketName": f"example-{name}-lb", "bucketPolicy": logs, "policy": ""}),
             ("s3", "PutBucketVersioning", {"bucketName": f"example-{name}-lb", "VersioningConfiguration": {
                 "Status": "Enabled", "MfaDelete": "Disabled"}}),
             ("s3", "PutBucketLifecycle", {"bucketName": f"example-{name}-lb", "LifecycleConfiguration": {"Rule": [
                 {"Status": "Enabled", "ID": "old", "Expiration": {"Days": 90}}]}}),
             ("s3", "PutBucketEncryption", {"bucketName": f"example-{name}-lb", "ServerSideEncryptionConfiguration": {"Rule": {
                 "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}})],
            [("ec2", "CreateSecurityGroup", {"groupName": name, "vpcId": self.thing("vpc"), "groupDescription": "load balancer"}),
             ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": self.thing("sg"), "ipPermissions": {"items": [
                 {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "groups": {}, "prefixListIds": {},
                  "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}, "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}}]}}),
             ("ec2", "CreateNatGateway", {"CreateNatGatewayRequest": {"SubnetId": self.thing("subnet")}}),
             ("elasticloadbalancing", "CreateLoadBalancer", {"name": name, "scheme": "internet-facing", "type": "application"})],
            [("kms", "CreateKey", {"policy": json.dumps(key_policy), "bypassPolicyLockoutSafetyCheck": False}),
             ("kms", "CreateAlias", {"aliasName": f"alias/{name}", "targetKeyId": self.uuid()}),
             ("kms", "EnableKeyRotation", {"keyId": self.uuid()})],
            [("sns", "CreateTopic", {"name": name}),
             ("sns", "SetTopicAttributes", {"topicArn": topic, "attributeName": "Policy", "attributeValue": json.dumps(topic_policy)}),
             ("sqs", "CreateQueue", {"queueName": name, "attributes": {"VisibilityTimeout": "30"}}),
             ("sqs", "SetQueueAttributes", {"queueUrl": f"https://sqs.{REGION}.amazonaws.com/{number}/{name}",
                                            "attributes": {"Policy": json.dumps(queue)}})],
            [("dynamodb", "CreateTable", {"tableName": name, "deletionProtectionEnabled": False, "billingMode": "PAY_PER_REQUEST"}),
             ("dynamodb", "UpdateContinuousBackups", {"tableName": name, "pointInTimeRecoverySpecification": {
                 "pointInTimeRecoveryEnabled": True}})],
            [("ssm", "PutParameter", {"name": f"/{name}/url", "type": "String", "overwrite": True}),
             ("secretsmanager", "CreateSecret", {"name": name}),
             ("secretsmanager", "PutSecretValue", {"secretId": name})],
            [("logs", "CreateLogGroup", {"logGroupName": f"/app/{name}"}),
             ("logs", "PutRetentionPolicy", {"logGroupName": f"/app/{name}", "retentionInDays": 30})],
            [("rds", "ModifyDBInstance", {"dBInstanceIdentifier": account, "allocatedStorage": 100, "applyImmediately": True}),
             ("rds", "CreateDBInstance", {"dBInstanceIdentifier": name, "deletionProtection": False, "publiclyAccessible": False})],
            [("route53", "ChangeResourceRecordSets", {"hostedZoneId": "Z0EXAMPLE", "changeBatch": {"changes": [{"action": "UPSERT"}]}})],
        ]
        rare = [
            [("eks", "UpdateClusterConfig", {"name": account, "logging": {"clusterLogging": [
                {"types": ["api", "audit", "authenticator"], "enabled": True},
                {"types": ["controllerManager", "scheduler"], "enabled": False}]}})],
            [("cloudtrail", "UpdateTrail", {"name": "app", "isMultiRegionTrail": True, "includeGlobalServiceEvents": True,
                                            "enableLogFileValidation": True, "s3BucketName": "example-app-trail"})],
            [("guardduty", "UpdateDetector", {"detectorId": stable("detector", 32), "enable": True, "features": [
                {"name": "S3_DATA_EVENTS", "status": "ENABLED"}, {"name": "RDS_LOGIN_EVENTS", "status": "DISABLED"}]})],
        ]
        for group in [*self.random.sample(changes, 4), *[self.random.choice(rare)] * (self.random.random() < 0.2)]:
            for source, call, request in group:
                self.add(at, identity, source, call, request, **how)
                at += self.random.random() * 3

    def cdk(self):
        """CDK deploys by CloudFormation."""
        for index in range(8):
            account = ["mail-dev", "media-dev", "ads-prod", "stock-staging"][index % 4]
            number, at, session = ACCOUNTS[account], self.within(9, 18), "aws-cdk-" + self.random.choice(["runner", "ci"])
            how = {"agent": "aws-sdk-js/3.896.0 ua/2.1 os/linux lang/js md/nodejs#22.12.0 aws-cdk/2.1029.0",
                   "ip": f"192.0.2.{self.random.randrange(20, 40)}"}
            for kind in ("deploy", "file-publishing", "lookup"):
                self.assume(at, ACCOUNTS["shared-services"], account, f"cdk-hnb659fds-{kind}-role-{number}-{REGION}", session, **how)
            deploy = role(account, f"cdk-hnb659fds-deploy-role-{number}-{REGION}", session)
            files = role(account, f"cdk-hnb659fds-file-publishing-role-{number}-{REGION}", session)
            self.add(at + 1, deploy, "ssm", "GetParameter", {"name": "/cdk-bootstrap/hnb659fds/version"}, **how)
            self.add(at + 2, files, "s3", "GetBucketLocation", {"bucketName": f"cdk-hnb659fds-assets-{number}-{REGION}"}, **how)
            stack = f"{account}-api"
            for step, (name, request) in enumerate((
                    ("DescribeStacks", {"stackName": stack}), ("GetTemplate", {"stackName": stack}),
                    ("CreateChangeSet", {"stackName": stack, "changeSetName": "cdk-deploy-change-set",
                                         "capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]}),
                    ("DescribeChangeSet", {"stackName": stack}),
                    ("ExecuteChangeSet", {"stackName": stack, "changeSetName": "cdk-deploy-change-set"}),
                    *[("DescribeStackEvents", {"stackName": stack})] * 8)):
                self.add(at + 5 + step * 4, deploy, "cloudformation", name, request, **how)
            execute = role(account, f"cdk-hnb659fds-cfn-exec-role-{number}-{REGION}", "AWSCloudFormation",
                           invoked_by="cloudformation.amazonaws.com")
            name = f"{stack}-{self.hex(8)}"
            trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}
            for step, (source, call, request) in enumerate((
                    ("iam", "GetRole", {"roleName": name}),
                    ("iam", "CreateRole", {"roleName": name, "assumeRolePolicyDocument": json.dumps(trust)}),
                    ("iam", "AttachRolePolicy",
                     {"roleName": name, "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
                    ("iam", "PutRolePolicy", {"roleName": name, "policyName": "Default", "policyDocument": json.dumps(
                        {"Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]})}),
                    ("lambda", "CreateFunction20150331", {"functionName": name, "runtime": "nodejs22.x", "layers": [
                        f"arn:aws:lambda:{REGION}:{INSIGHTS}:layer:LambdaInsightsExtension:55"]}),
                    ("lambda", "GetFunction20150331v2", {"functionName": name}),
                    ("lambda", "UpdateFunctionCode20150331v2", {"functionName": stack, "publish": False}),
                    ("lambda", "AddPermission20150331v2", {"functionName": name, "principal": "apigateway.amazonaws.com",
                                                           "sourceArn": f"arn:aws:execute-api:{REGION}:{number}:abc/*"}),
                    ("dynamodb", "DescribeTable", {"tableName": stack}),
                    ("logs", "PutRetentionPolicy", {"logGroupName": f"/aws/lambda/{name}", "retentionInDays": 14}),
                    ("events", "PutRule", {"name": name, "state": "ENABLED"}),
                    ("lambda", "DeleteFunction20150331", {"functionName": f"{stack}-old"}),
                    ("iam", "DeleteRolePolicy", {"roleName": f"{stack}-old", "policyName": "Default"}),
                    ("iam", "DeleteRole", {"roleName": f"{stack}-old"}))):
                self.add(at + 20 + step * 3, execute, source, call, request)

    def ci(self):
        """CI builds, pushes and deploys."""
        for index in range(26):
            team = TEAMS[index % 11]
            account, at, run = f"{team}-{self.random.choice(['dev', 'staging', 'prod'])}", self.within(8, 19), self.hex(10)
            how = {"agent": COMMAND_LINE, "ip": f"192.0.2.{self.random.randrange(40, 90)}"}
            web = {"type": "WebIdentityUser", "principalId": f"arn:aws:iam::{ACCOUNTS['shared-services']}:oidc-provider/"
                   f"token.actions.githubusercontent.com:sts.amazonaws.com:repo:example/{team}:ref:refs/heads/main",
                   "userName": f"repo:example/{team}:ref:refs/heads/main", "identityProvider":
                   f"arn:aws:iam::{ACCOUNTS['shared-services']}:oidc-provider/token.actions.githubusercontent.com"}
            arn = f"arn:aws:iam::{ACCOUNTS['shared-services']}:role/ci/github-{team}"
            self.add(at, web, "sts", "AssumeRoleWithWebIdentity", {"roleArn": arn, "roleSessionName": f"github-{run}"},
                     {"assumedRoleUser": {"arn": f"{arn}/github-{run}"}}, account="shared-services", **how)
            build = role("shared-services", f"github-{team}", f"github-{run}", "/ci/")
            repository = f"{team}/api"
            self.add(at + 2, build, "ecr", "GetAuthorizationToken", {}, **how)
            docker = {**how, "agent": "docker/28.4.0 go/go1.24.7 git-commit/249d679 kernel/6.8.0 os/linux arch/amd64 UpstreamClient(Docker-Client)"}
            for step in range(4):
                self.add(at + 5 + step, build, "ecr", "BatchCheckLayerAvailability", {"repositoryName": repository}, **docker)
                self.add(at + 6 + step, build, "ecr", "InitiateLayerUpload", {"repositoryName": repository}, **docker)
                self.add(at + 7 + step, build, "ecr", "CompleteLayerUpload", {"repositoryName": repository}, **docker)
            for tag in (self.hex(7), "main"):
                self.add(at + 12, build, "ecr", "PutImage",
                         {"repositoryName": repository, "imageTag": tag, "registryId": ACCOUNTS["shared-services"]},
                         {"image": {"imageId": {"imageDigest": f"sha256:{self.hex(64)}", "imageTag": tag}}}, **docker)
            self.add(at + 40, build, "ecr", "DescribeImageScanFindings", {"repositoryName": repository, "imageId": {"imageTag": "main"}},
                     None, **how)
            self.assume(at + 50, ACCOUNTS["shared-services"], account, "ci-deploy", f"github-{run}", path="/ci/", **how)
            deploy = role(account, "ci-deploy", f"github-{run}", "/ci/")
            if index % 2:
                for name in ("GetFunction20150331v2", "UpdateFunctionCode20150331v2", "PublishVersion20150331", "UpdateAlias20150331"):
                    self.add(at + 60, deploy, "lambda", name, {"functionName": f"{team}-api"}, **how)
            else:
                self.add(at + 60, deploy, "ecs", "RegisterTaskDefinition",
                         {"family": team, "networkMode": "host" if index % 8 == 0 else "awsvpc",
                          "containerDefinitions": [{"name": "app", "image": f"{repository}:main", "privileged": False}]}, **how)
                self.add(at + 62, deploy, "ecs", "UpdateService", {"cluster": account, "service": team}, **how)
                for step in range(6):
                    self.add(at + 70 + step * 15, deploy, "ecs", "DescribeServices", {"cluster": account, "services": [team]}, **how)
                self.add(at + 160, deploy, "ecs", "RunTask", {"cluster": account, "taskDefinition": f"{team}-migrate"}, **how)

    def packer(self):
        for _ in range(3):
            at, build = self.within(6, 20), role("shared-services", "packer", f"packer-{self.hex(8)}", "/ci/")
            how = {"agent": PACKER, "ip": "192.0.2.30"}
            group, instance, image = self.thing("sg"), self.thing("i"), self.thing("ami")
            name = f"packer_{self.hex(12)}"
            for step, (call, request) in enumerate((
                    ("DescribeImages", None), ("DescribeSubnets", None), ("CreateKeyPair", {"keyName": name}),
                    ("CreateSecurityGroup", {"groupName": name, "groupDescription": "Temporary group for Packer"}),
                    ("AuthorizeSecurityGroupIngress", {"groupId": group, "ipPermissions": {"items": [
                        {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {}, "ipv6Ranges": {}, "prefixListIds": {},
                         "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}}),
                    ("RunInstances", {"instanceType": "c7g.large", "instancesSet": {"items": [
                        {"imageId": f"ami-0{stable('linux', 16)}", "minCount": 1, "maxCount": 1, "keyName": name}]}}),
                    *[("DescribeInstances", None)] * 6,
                    ("StopInstances", {"instancesSet": {"items": [{"instanceId": instance}]}}),
                    ("CreateImage", {"instanceId": instance, "name": f"base-{self.hex(6)}"}),
                    *[("DescribeImages", None)] * 6,
                    ("ModifyImageAttribute", {"imageId": image, "attributeType": "launchPermission", "launchPermission": {"add": {
                        "items": [{"userId": ACCOUNTS[account]} for account in NAMES if account.endswith("-prod")]}}}),
                    ("TerminateInstances", {"instancesSet": {"items": [{"instanceId": instance}]}}),
                    ("DeregisterImage", {"imageId": self.thing("ami")}), ("DeleteSnapshot", {"snapshotId": self.thing("snap")}),
                    ("DeleteSecurityGroup", {"groupId": group}), ("DeleteKeyPair", {"keyName": name}))):
                self.add(at + step * 20, build, "ec2", call, request, **how)

    # Machines

    def kubernetes(self):
        """The controllers of four clusters."""
        for account in CLUSTERS:
            def controller(name, role_name=None, account=account):
                return role(account, role_name or f"eks-{name}", f"{name}-{self.hex(10)}", "/platform/")
            ip = f"192.0.2.{100 + CLUSTERS.index(account)}"
            karpenter, volumes = controller("karpenter", "KarpenterController"), controller("ebs-csi")
            balancer, scaler = controller("load-balancer"), controller("cluster-autoscaler")
            how = {"ip": ip, "agent": GO + " karpenter.sh-1.7.1"}
            for _ in range(12):
                at, launched = self.within(0, 23.9), self.random.randrange(2, 6)
                template = f"karpenter.k8s.aws/{self.hex(20)}"
                self.add(at, karpenter, "ssm", "GetParameter", {"name": "/aws/service/eks/optimized-ami/1.33/al2023/image_id"}, **how)
                self.add(at + 1, karpenter, "ec2", "CreateLaunchTemplate", {"CreateLaunchTemplateRequest": {
                    "LaunchTemplateName": template, "LaunchTemplateData": {"ImageId": self.thing("ami")}}}, **how)
                for index in range(launched):
                    self.add(at + 2 + index, karpenter, "ec2", "CreateFleet", {"CreateFleetRequest": {
                        "Type": "instant", "TargetCapacitySpecification": {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "spot"},
                        "LaunchTemplateConfigs": {"tag": 1, "Overrides": [
                            {"tag": 1, "InstanceType": "c7g.2xlarge"}, {"tag": 2, "InstanceType": "m7g.2xlarge"}]}}},
                        {"CreateFleetResponse": {"fleetInstanceSet": {"item": {"instanceType": "c7g.2xlarge"}}}}, **how)
                    self.add(at + 4 + index, karpenter, "ec2", "CreateTags", {"resourcesSet": {"items": [{"resourceId": self.thing("i")}]}}, **how)
                for name in ("DescribeInstances", "DescribeSubnets", "DescribeSecurityGroups", "DescribeImages", "DescribeInstanceTypes",
                             "DescribeSpotPriceHistory", "DescribeInstanceTypeOfferings", "DescribeLaunchTemplates"):
                    self.add(at + 10, karpenter, "ec2", name, None, **how)
            # A consolidation of the cluster: thirty machines go in some minutes.
            at = self.within(18, 22)
            for index in range(30):
                self.add(at + index * 9, karpenter, "ec2", "TerminateInstances",
                         {"instancesSet": {"items": [{"instanceId": self.thing("i")}]}}, **how)
                self.add(at + index * 9 + 2, karpenter, "ec2", "DeleteLaunchTemplate", {"DeleteLaunchTemplateRequest": {
                    "LaunchTemplateName": f"karpenter.k8s.aws/{self.hex(20)}"}}, **how)
            how = {"ip": ip, "agent": GO + " aws-ebs-csi-driver/v1.49.0"}
            for _ in range(18):
                at, volume, machine = self.within(0, 23.9), self.thing("vol"), self.thing("i")
                for step, (name, request) in enumerate((
                        ("CreateVolume", {"size": "20", "zone": "eu-west-1a", "volumeType": "gp3", "encrypted": True}),
                        ("AttachVolume", {"volumeId": volume, "instanceId": machine}), ("DescribeVolumes", None),
                        ("DetachVolume", {"volumeId": volume, "instanceId": machine}), ("DeleteVolume", {"volumeId": volume}))):
                    self.add(at + step * 60, volumes, "ec2", name, request, **how)
            # A job with many volumes ends.
            at = self.within(1, 5)
            for index in range(26):
                self.add(at + index * 8, volumes, "ec2", "DeleteVolume", {"volumeId": self.thing("vol")}, **how)
            how = {"ip": ip, "agent": "elbv2.k8s.aws/v2.13.4 " + GO}
            for _ in range(10):
                at, group = self.within(7, 22), self.thing("sg")
                self.reads(at, balancer, {"elasticloadbalancing": "DescribeLoadBalancers DescribeTargetGroups DescribeListeners"
                                          " DescribeTags DescribeRules DescribeTargetHealth",
                                          "ec2": "DescribeSecurityGroups DescribeSubnets DescribeInstances"}, 9, **how)
                self.add(at + 9, balancer, "ec2", "CreateSecurityGroup", {"groupName": f"k8s-{self.hex(8)}", "vpcId": self.thing("vpc"),
                                                                       "groupDescription": "[k8s] Managed SecurityGroup"}, **how)
                self.add(at + 10, balancer, "ec2", "AuthorizeSecurityGroupIngress", {"groupId": group, "ipPermissions": {"items": [
                    {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "groups": {}, "ipv6Ranges": {}, "prefixListIds": {},
                     "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}}, **how)
                self.add(at + 11, balancer, "ec2", "RevokeSecurityGroupIngress", {"groupId": group, "ipPermissions": {"items": [
                    {"ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080, "groups": {"items": [{"groupId": self.thing("sg")}]}}]}}, **how)
                for name in ("RegisterTargets", "DeregisterTargets"):
                    self.add(at + 12, balancer, "elasticloadbalancing", name, {"targets": [{"id": "10.0.1.7", "port": 8080}]}, **how)
            how = {"ip": ip, "agent": GO + " cluster-autoscaler"}
            for _ in range(12):
                at = self.within(0, 23.9)
                self.reads(at, scaler, {"autoscaling": "DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeScalingActivities"
                                        " DescribeTags"}, 4, **how)
                self.add(at + 5, scaler, "autoscaling", "TerminateInstanceInAutoScalingGroup",
                         {"instanceId": self.thing("i"), "shouldDecrementDesiredCapacity": True}, **how)

    def secrets(self):
        """External Secrets Operator every hour, and tasks of ECS that start."""
        for account in CLUSTERS:
            pod = f"external-secrets-{stable(account, 10)}"
            for hour in range(24):
                at = hour * 3600 + 120 + self.random.randrange(60)
                for index in range(20):
                    self.add(at + index, role(account, "external-secrets", pod, "/platform/"), "secretsmanager", "GetSecretValue",
                             {"secretId": f"{account}/app-{index}"}, agent=GO + " external-secrets", ip="192.0.2.120")
            for hour in range(0, 24, 4):
                for index in range(4):
                    self.add(hour * 3600 + 300 + index, role(account, "external-secrets", pod, "/platform/"), "ssm", "GetParameters",
                             {"names": [f"/{account}/{index}/{name}" for name in range(10)], "withDecryption": True},
                             agent=GO + " external-secrets", ip="192.0.2.120")
        for account in ("orders-prod", "mail-prod"):
            for hour in (9.2, 14.5):
                at = hour * 3600 + self.random.randrange(600)
                for task in range(20):
                    session = self.hex(32)
                    for index in range(6):
                        self.add(at + task * 4 + index, role(account, "ecsTaskExecutionRole", session), "secretsmanager",
                                 "GetSecretValue", {"secretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNTS[account]}:secret:"
                                                    f"{account}/{index}-AbCdEf"}, agent=GO + " amazon-ecs-agent", ip="192.0.2.140")
                    self.add(at + task * 4 + 6, role(account, "ecsTaskExecutionRole", session), "ssm", "GetParameters",
                             {"names": [f"/{account}/url", f"/{account}/token"], "withDecryption": True},
                             agent=GO + " amazon-ecs-agent", ip="192.0.2.140")
        # Functions read a secret at each cold start.
        for _ in range(160):
            team = self.random.choice(TEAMS)
            self.add(self.within(0, 23.9), role(f"{team}-prod", f"{team}-api", f"{team}-api"), "secretsmanager", "GetSecretValue",
                     {"secretId": f"{team}/db"}, agent=BOTO + " exec-env/AWS_Lambda_python3.13", ip="192.0.2.150")

    # Others

    def vendors(self):
        for index, account in enumerate(NAMES):
            at = self.within(1, 5)
            session = f"scan-{self.hex(8)}"
            ip = f"198.18.4.{self.random.randrange(2, 200)}"
            how = {"agent": GO + " api/sts#1.41.5", "ip": ip}
            self.assume(at, POSTURE, account, "vendor-posture", session, **how)
            self.add(at + 1, role(account, "vendor-posture", session), "iam", "GetAccountAuthorizationDetails", {"maxItems": 1000}, **how)
            self.reads(at + 2, role(account, "vendor-posture", session), INVENTORY, 36, 0.4, **how)
            if index % 2 == 0:
                for hour in (0, 8, 16):
                    session = f"DatadogAWSIntegration-{self.hex(4)}"
                    how = {"agent": BOTO, "ip": f"198.18.9.{self.random.randrange(2, 60)}"}
                    at = self.within(hour, hour + 7.9)
                    self.assume(at, MONITORING, account, "DatadogIntegrationRole", session, **how)
                    self.reads(at + 2, role(account, "DatadogIntegrationRole", session), METRICS, 9, **how)
        for _ in range(25):
            at, session = self.within(6, 20), f"orders-{self.hex(6)}"
            self.assume(at, PARTNER, "partners-prod", "partner-orders", session, agent=JAVA, ip="198.18.30.7")

    def scanner(self):
        """The company's own scanner, every night in every account."""
        agent = "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux lang/python#3.12.10 Prowler/5.12.1"
        for account in NAMES:
            at, how = self.within(2, 5), {"agent": agent, "ip": "192.0.2.60"}
            self.assume(at, ACCOUNTS["security"], account, "security-scanner", "prowler", path="/security/", **how)
            self.reads(at + 2, role(account, "security-scanner", "prowler", "/security/"), INVENTORY, 34, 0.5, **how)

    # What AWS does

    def backups(self):
        for account in [name for name in NAMES if name.endswith("-prod")][:10]:
            at = self.within(1, 4)
            backup = role(account, "AWSBackupDefaultServiceRole", "AWSBackup-AWSBackupDefaultServiceRole", "/service-role/",
                          "backup.amazonaws.com")
            lifecycle = role(account, "AWSDataLifecycleManagerDefaultRole", "DLM", "/service-role/", "dlm.amazonaws.com")
            for index in range(5):
                self.add(at + index * 20, backup, "ec2", "CreateSnapshot", {"volumeId": self.thing("vol")})
                self.add(at + index * 20 + 5, backup, "ec2", "DeleteSnapshot", {"snapshotId": self.thing("snap")})
                self.add(at + index * 20 + 9, lifecycle, "ec2", "CreateSnapshots", {"CreateSnapshotsRequest": {"InstanceSpecification": {
                    "InstanceId": self.thing("i")}}})
                self.add(at + index * 20 + 12, lifecycle, "ec2", "DeleteSnapshot", {"snapshotId": self.thing("snap")})
            self.add(at + 120, backup, "rds", "CreateDBSnapshot", {"dBInstanceIdentifier": account})
            self.add(at + 130, service("backup.amazonaws.com"), "backup", "BackupJobCompleted", None, account=account,
                     eventType="AwsServiceEvent")
            self.add(at + 140, service("backup.amazonaws.com"), "backup", "RecoveryPointDeleted", None, account=account,
                     eventType="AwsServiceEvent")
        nightly = role("data-prod", "nightly-archive", "nightly-archive", "/jobs/")
        how = {"agent": BOTO + " exec-env/AWS_Lambda_python3.13", "ip": "192.0.2.150"}
        for index in range(4):
            self.add(10_800 + index * 60 + self.number, nightly, "glacier", "InitiateJob",
                     {"vaultName": "ledger", "accountId": "-", "jobParameters": {"type": "inventory-retrieval"}}, **how)
            self.add(11_400 + index * 60, nightly, "datasync", "StartTaskExecution",
                     {"taskArn": f"arn:aws:datasync:{REGION}:{ACCOUNTS['data-prod']}:task/task-0{stable(str(index), 16)}"}, **how)

    def autoscaling(self):
        for account in ("shop-prod", "orders-prod", "media-prod", "stock-prod"):
            scaling = linked(account, "AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com", "AutoScaling")
            for _ in range(8):
                at = self.within(0, 23.9)
                self.add(at, scaling, "ec2", "RunInstances", {"instancesSet": {"items": [{"minCount": 1, "maxCount": 1}]},
                                                             "launchTemplate": {"launchTemplateId": f"lt-0{stable(account, 16)}"}},
                         {"instancesSet": {"items": [{"instanceId": self.thing("i"), "instanceType": "m7g.large"}]}})
                self.add(at + 2, scaling, "kms", "CreateGrant", {
                    "keyId": f"arn:aws:kms:{REGION}:{ACCOUNTS[account]}:key/{stable(account, 8)}-1111-4222-8333-{stable('t', 12)}",
                    "granteePrincipal": scaling["sessionContext"]["sessionIssuer"]["arn"],
                    "operations": ["Decrypt", "GenerateDataKeyWithoutPlaintext"]})
                self.add(at + 3000, scaling, "ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": self.thing("i")}]}})
                self.add(at + 3, scaling, "elasticloadbalancing", "RegisterTargets", {"targets": [{"id": self.thing("i")}]})
        # A shop switches a fleet off at night.
        at = self.within(20, 21)
        for index in range(24):
            self.add(at + index * 4, linked("shop-prod", "AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com", "AutoScaling"),
                     "ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": self.thing("i")}]}})
        # A scheduler of one's own stops the machines of developers.
        for account in ("shop-dev", "data-dev"):
            night = role(account, "instance-scheduler", "instance-scheduler", "/jobs/")
            for index in range(12):
                self.add(19 * 3600 + index * 5, night, "ec2", "StopInstances", {"instancesSet": {"items": [
                    {"instanceId": f"i-0{stable(account + str(index), 16)}"}]}}, agent=BOTO + " exec-env/AWS_Lambda_python3.13")

    def permission_sets(self):
        """A permission set changes, so Identity Center changes its roles in fifty accounts."""
        at = self.within(11, 15)
        admin = person("ada", "management")
        instance = "arn:aws:sso:::instance/ssoins-6804example"
        name = SETS[self.number % 3]
        arn = f"arn:aws:sso:::permissionSet/ssoins-6804example/ps-{stable(name, 16)}"
        how = {"agent": BROWSER, "ip": self.home("ada"), "console": True}
        self.add(at, admin, "sso", "AttachManagedPolicyToPermissionSet", {
            "instanceArn": instance, "permissionSetArn": arn, "managedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, **how)
        self.add(at + 5, admin, "sso", "ProvisionPermissionSet", {
            "instanceArn": instance, "permissionSetArn": arn, "targetType": "ALL_PROVISIONED_ACCOUNTS"}, **how)
        for account in NAMES:
            at += 1
            provision = linked(account, "AWSServiceRoleForSSO", "sso.amazonaws.com", "AWS-SSO")
            reserved = permission_set(name, account)
            saml = {"Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"], "Principal": {
                "Federated": f"arn:aws:iam::{ACCOUNTS[account]}:saml-provider/AWSSSO_{stable(account, 16)}_DO_NOT_DELETE"}}]}
            for call, request in (
                    ("GetSAMLProvider", None), ("GetRole", {"roleName": reserved}),
                    ("UpdateSAMLProvider", {"sAMLProviderArn": saml["Statement"][0]["Principal"]["Federated"]}),
                    ("UpdateAssumeRolePolicy", {"roleName": reserved, "policyDocument": json.dumps(saml)}),
                    ("AttachRolePolicy", {"roleName": reserved, "policyArn": f"arn:aws:iam::aws:policy/{name}"
                                          if name != "Developer" else "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
                    ("PutRolePolicy", {"roleName": reserved, "policyName": "AwsSSOInlinePolicy", "policyDocument": json.dumps(
                        {"Statement": [{"Effect": "Allow", "Action": "*" if name == "AdministratorAccess" else "s3:*", "Resource": "*"}]})})):
                self.add(at, provision, "iam", call, request)

    def control_tower(self):
        """A StackSet is updated, by CloudFormation in each account."""
        at = self.within(6, 8)
        for account in NAMES[5:45]:
            at += 4
            execute = role(account, "AWSControlTowerExecution", f"{self.uuid()}", invoked_by="cloudformation.amazonaws.com") \
                if NAMES.index(account) % 2 else role(account, f"stacksets-exec-{stable('stackset', 32)}", "AWSCloudFormation",
                                                     invoked_by="cloudformation.amazonaws.com")
            name = f"aws-controltower-{self.random.choice(['ConfigRecorderRole', 'ForwardSnsNotificationRole'])}"
            for source, call, request in (
                    ("config", "PutConfigRule", {"configRule": {"configRuleName": "AWSControlTower_AWS-GR_ENCRYPTED_VOLUMES"}}),
                    ("iam", "GetRole", {"roleName": name}),
                    ("iam", "AttachRolePolicy", {"roleName": name, "policyArn": "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"}),
                    ("logs", "PutRetentionPolicy", {"logGroupName": "/aws/lambda/aws-controltower-NotificationForwarder", "retentionInDays": 14}),
                    ("lambda", "UpdateFunctionCode20150331v2", {"functionName": "aws-controltower-NotificationForwarder"}),
                    ("events", "PutRule", {"name": "aws-controltower-ConfigComplianceChangeEventRule", "state": "ENABLED"})):
                self.add(at, execute, source, call, request)
        tower = role("management", "AWSControlTowerStackSetRole", "CloudFormation", "/service-role/", "cloudformation.amazonaws.com")
        self.add(at, tower, "sts", "AssumeRole", {"roleArn": f"arn:aws:iam::{ACCOUNTS['labs-dev']}:role/AWSControlTowerExecution"})

    def service_linked(self):
        for account in NAMES:
            recorder = linked(account, "AWSServiceRoleForConfig", "config.amazonaws.com", "configLambdaExecution")
            self.reads(self.within(0, 23.5), recorder, {
                "ec2": "DescribeInstances DescribeSecurityGroups DescribeVolumes DescribeSubnets", "iam": "GetAccountAuthorizationDetails"
                " ListRoles GetRole", "s3": "ListBuckets GetBucketPolicy GetBucketAcl", "kms": "ListKeys DescribeKey",
                "ssm": "DescribeInstanceInformation"}, 12)
            analyzer = linked(account, "AWSServiceRoleForAccessAnalyzer", "access-analyzer.amazonaws.com", "access-analyzer")
            self.reads(self.within(0, 23.5), analyzer, {"iam": "ListRoles GetRole GetRolePolicy", "s3": "GetBucketPolicy GetBucketAcl",
                                                        "sqs": "GetQueueAttributes", "kms": "GetKeyPolicy", "lambda": "GetPolicy20150331v2"}, 7)
            if self.random.random() < 0.3:
                hub = linked(account, "AWSServiceRoleForSecurityHub", "securityhub.amazonaws.com", "securityhub")
                rule = f"securityhub-s3-bucket-ssl-{stable(account, 8)}"
                self.add(self.within(0, 23), hub, "config", "DeleteConfigRule", {"configRuleName": rule})
                self.add(self.within(0, 23), hub, "config", "PutConfigRule", {"configRule": {"configRuleName": rule}})
                advisor = linked(account, "AWSServiceRoleForTrustedAdvisor", "trustedadvisor.amazonaws.com", "TrustedAdvisor")
                self.reads(self.within(0, 23), advisor, {"ec2": "DescribeInstances DescribeAddresses", "ses": "GetSendQuota",
                                                         "iam": "GetAccountSummary", "rds": "DescribeDBInstances"}, 5)
            if self.random.random() < 0.4:
                inspector = linked(account, "AWSServiceRoleForAmazonInspector2", "inspector2.amazonaws.com", "inspector")
                self.reads(self.within(0, 23), inspector, {"ec2": "DescribeInstances", "ssm": "DescribeInstanceInformation"
                                                           " ListAssociations DescribeAssociation", "ecr": "DescribeImages"}, 5)
            self.add(self.within(0, 23.9), service("cloudtrail.amazonaws.com"), "s3", "GetBucketAcl",
                     {"bucketName": "example-trail", "Host": f"s3.{REGION}.amazonaws.com"}, account="log-archive")
            self.add(self.within(0, 23.9), service("cloudtrail.amazonaws.com"), "kms", "GenerateDataKey",
                     {"keyId": f"arn:aws:kms:{REGION}:{ACCOUNTS['log-archive']}:key/{stable('trail', 8)}-1111-4222-8333-{stable('t', 12)}"},
                     account="log-archive", eventType="AwsApiCall")

    # Applications

    def applications(self):
        for index in range(12):
            customer = f"customer-{self.hex(5)}.example"
            self.add(self.within(8, 18), role("mail-prod", "customer-onboarding", "customer-onboarding"), "ses", "CreateEmailIdentity",
                     {"emailIdentity": customer}, agent=JAVA, ip="192.0.2.160")
            self.add(self.within(8, 18), role("mail-prod", "customer-onboarding", "customer-onboarding"), "ses", "GetEmailIdentity",
                     {"emailIdentity": customer}, agent=JAVA, ip="192.0.2.160")
        docs = role("shared-services", "github-docs", f"github-{self.hex(10)}", "/ci/")
        for name in ("index", "help/how-to-recover-deleted-files", "help/restore-a-file", "help/invoices", "help/decrypt-your-notes", "about"):
            self.object(self.within(12, 12.3), docs, "PutObject", "example-docs", f"{name}.html", agent=COMMAND_LINE, ip="192.0.2.44")
        web = role("media-prod", "media-api", "i-0" + stable("media", 16))
        for _ in range(500):
            call = self.random.choice(["GetObject", "GetObject", "GetObject", "PutObject", "HeadObject", "DeleteObject"])
            self.object(self.within(0, 23.9), web, call, "example-media", f"{self.hex(2)}/{self.hex(16)}.jpg", agent=JAVA, ip="192.0.2.161")
        # A job of the night reads a day's files, and removes its own temporary ones.
        job = role("data-prod", "glue-etl", "GlueJobRunnerSession", "/jobs/")
        at = self.within(2, 4)
        for index in range(620):
            self.object(at + index * 0.8, job, "GetObject", "example-lake", f"raw/day={self.number}/part-{index:05d}.parquet",
                        agent=JAVA, ip="192.0.2.162")
        for index in range(120):
            self.object(at + 600 + index, job, "DeleteObject" if index % 4 else "DeleteObjects", "example-lake",
                        f"sums/_temporary/0/task_{index}" if index % 4 else None, agent=JAVA, ip="192.0.2.162")
        for index in range(40):
            self.object(self.within(3, 3.2), user("labs-prod", "onprem-backup"), "PutObject", "example-onprem-backup",
                        f"full/{self.number}/{index}.vbk", agent=JAVA, ip="203.0.113.20")
        onprem = user("labs-prod", "onprem-backup")
        for index in range(10):
            self.add(10_000 + index, onprem, "s3", "ListBuckets" if index == 0 else "GetBucketVersioning",
                     None if index == 0 else {"bucketName": "example-onprem-backup"}, agent=JAVA, ip="203.0.113.20")
        # A bucket of a website: strangers ask for what is not theirs.
        stranger = {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
        for _ in range(40):
            self.object(self.within(0, 23.9), stranger, "GetObject", "example-docs", self.random.choice([".env", "wp-login.php", "a.zip"]),
                        account="shared-services", error="AccessDenied", ip=f"198.51.100.{self.random.randrange(2, 250)}", agent="curl/8.9")
        # A program whose role lacks a right.
        for index in range(14):
            self.add(index * 6000 + 100, role("stock-prod", "stock-import", "stock-import"), "sqs", "GetQueueAttributes",
                     {"queueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNTS['stock-prod']}/old"}, error="AccessDenied", agent=JAVA,
                     ip="192.0.2.163")
        for index in range(30):
            self.add(index * 2800, role("ads-prod", "ads-model", "ads-model"), "bedrock", "InvokeModel",
                     {"modelId": "anthropic.claude-sonnet-4-20250514-v1:0"}, agent=BOTO, ip="192.0.2.164")

    def everyday(self):
        """What else happens, by people and by machines: little of each."""
        for account in CLUSTERS:
            karpenter = role(account, "KarpenterController", f"karpenter-{self.hex(10)}", "/platform/")
            how, profile, at = {"ip": "192.0.2.100", "agent": GO + " karpenter.sh-1.7.1"}, f"{account}_{self.hex(10)}", self.within(8, 20)
            for name, request in (("GetInstanceProfile", {"instanceProfileName": profile}),
                                  ("CreateInstanceProfile", {"instanceProfileName": profile}),
                                  ("AddRoleToInstanceProfile", {"instanceProfileName": profile, "roleName": f"{account}-node"}),
                                  ("DeleteInstanceProfile", {"instanceProfileName": f"{account}_{self.hex(10)}"})):
                self.add(at, karpenter, "iam", name, request, **how)
            names = role(account, "external-dns", f"external-dns-{self.hex(10)}", "/platform/")
            for _ in range(12):
                self.add(self.within(0, 23.9), names, "route53", "ChangeResourceRecordSets",
                         {"hostedZoneId": "Z0EXAMPLE", "changeBatch": {"changes": [{"action": "UPSERT", "resourceRecordSet": {
                             "name": f"{self.hex(4)}.example.com.", "type": "A"}}]}}, agent=GO + " external-dns", ip="192.0.2.110")
            node = role(account, f"{account}-node", f"i-0{self.hex(16)}", "/nodes/")
            node["sessionContext"]["ec2RoleDelivery"] = "2.0"
            for _ in range(30):
                self.add(self.within(0, 23.9), node, "ecr", self.random.choice(["BatchGetImage", "GetDownloadUrlForLayer", "GetAuthorizationToken"]),
                         {"repositoryName": "shop/api"}, agent=GO, ip="192.0.2.100")
            for name in ("DescribeInstances", "DescribeTags", "DescribeNetworkInterfaces"):
                self.add(self.within(0, 23.9), node, "ec2", name, None, agent=GO + " amazon-vpc-cni-k8s", ip="192.0.2.100")
        # Step Functions and EventBridge Scheduler, with roles of their own.
        machine = role("orders-prod", "orders-workflow", self.hex(32), "/jobs/", "states.amazonaws.com")
        for _ in range(20):
            at = self.within(0, 23.9)
            self.add(at, machine, "ecs", "RunTask", {"cluster": "orders", "taskDefinition": "orders-settle"})
            self.add(at + 1, machine, "glue", "StartJobRun", {"jobName": "settle"})
        night = role("orders-dev", "night-schedule", self.hex(32), "/jobs/", "scheduler.amazonaws.com")
        for index in range(3):
            self.add(68_400 + index, night, "rds", "StopDBInstance", {"dBInstanceIdentifier": f"orders-dev-{index}"})
            self.add(68_430 + index, night, "ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": f"i-0{stable(str(index), 16)}"}]}})
        # CodeBuild.
        for _ in range(6):
            build = role("media-dev", "codebuild-media", f"AWSCodeBuild-{self.uuid()}", "/service-role/")
            at = self.within(8, 18)
            self.add(at, build, "logs", "CreateLogStream", {"logGroupName": "/aws/codebuild/media", "logStreamName": self.uuid()},
                     agent=GO, ip="192.0.2.77")
            self.add(at + 1, build, "ssm", "GetParameters", {"names": ["/media/npm-token", "/media/sonar"], "withDecryption": True},
                     agent=GO, ip="192.0.2.77")

        def by(name, account, source, call, request, response=None, **how):
            how = {"agent": BROWSER, "console": True, **how}
            self.add(self.within(9, 17), person(name, account), source, call, request, response, ip=self.home(name), **how)

        by("emil", "data-prod", "rds", "CreateDBSnapshot", {"dBInstanceIdentifier": "data", "dBSnapshotIdentifier": f"before-{self.hex(4)}"})
        by("emil", "data-dev", "athena", "StartQueryExecution", {"queryString": "HIDDEN_DUE_TO_SECURITY_REASONS", "workGroup": "primary"})
        by("emil", "data-dev", "sagemaker", "CreateNotebookInstance", {"notebookInstanceName": f"try-{self.hex(4)}", "instanceType": "ml.t3.medium"})
        by("emil", "data-dev", "sagemaker", "CreatePresignedNotebookInstanceUrl", {"notebookInstanceName": "try"})
        by("kofi", "data-dev", "bedrock", "InvokeModel", {"modelId": "anthropic.claude-sonnet-4-20250514-v1:0"})
        by("chen", "shop-staging", "ec2", "CreateImage", {"instanceId": self.thing("i"), "name": f"before-{self.hex(4)}"})
        by("chen", "shop-prod", "lambda", "UpdateFunctionConfiguration20150331v2", {"functionName": "shop-api", "timeout": 30})
        by("chen", "shop-prod", "monitoring", "PutMetricAlarm", {"alarmName": f"latency-{self.hex(4)}"})
        by("chen", "shop-staging", "monitoring", "DisableAlarmActions", {"alarmNames": ["latency"]})
        by("dora", "payments-dev", "secretsmanager", "PutSecretValue", {"secretId": "payments/test"})
        by("farah", "orders-dev", "ec2", "GetPasswordData", {"instanceId": f"i-0{stable('windows', 16)}"})
        by("goran", "shop-dev", "ec2-instance-connect", "SendSSHPublicKey",
           {"instanceId": f"i-0{stable('bastion', 16)}", "instanceOSUser": "ec2-user"})
        by("hana", "search-dev", "es", "UpdateDomainConfig", {"domainName": "search-dev", "clusterConfig": {"instanceCount": 2}})
        by("jin", "mail-dev", "ses", "SendTestEmail", {"destination": "jin@example.com"})
        by("noor", "prices-dev", "s3", "PutBucketTagging", {"bucketName": "example-prices-dev"})
        by("olga", "ads-dev", "cloudfront", "CreateInvalidation", {"distributionId": "E2EXAMPLE", "invalidationBatch": {"paths": {"items": ["/*"]}}})
        by("ada", "network", "ec2", "ModifySecurityGroupRules", {"ModifySecurityGroupRulesRequest": {
            "GroupId": f"sg-0{stable('vpn', 16)}", "SecurityGroupRule": {"tag": 1, "SecurityGroupRuleId": f"sgr-0{stable('vpn', 16)}", "SecurityGroupRule": {
                "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": OFFICE}}}})
        for name in self.random.sample(list(PEOPLE), 8):
            at, ip = self.within(8, 17), self.home(name)
            identity = {"type": "IdentityCenterUser", "accountId": ACCOUNTS["management"], "onBehalfOf": {
                "userId": stable(name, 32), "identityStoreArn": f"arn:aws:identitystore::{ACCOUNTS['management']}:identitystore/d-9067example"}}
            for step, call in enumerate(("CreateToken", "ListAccounts", "ListAccountRoles", "GetRoleCredentials")):
                self.add(at + step, identity, "sso", call, {"clientId": stable(name, 22), "grantType": "refresh_token"}
                         if call == "CreateToken" else {"roleName": PEOPLE[name][0]}, agent=COMMAND_LINE, ip=ip)
            tool = person(name, PEOPLE[name][1][0])
            self.reads(at + 9, tool, {"sts": "GetCallerIdentity", "s3": "ListBuckets", "eks": "ListClusters DescribeCluster",
                                      "logs": "FilterLogEvents"}, 6, agent=COMMAND_LINE, ip=ip)
        # A user's key is replaced by the user.
        if self.number % 5 == 2:
            owner = user("labs-prod", "onprem-backup")
            for call, request in (("CreateAccessKey", {"userName": "onprem-backup"}), ("ListAccessKeys", {"userName": "onprem-backup"}),
                                  ("DeleteAccessKey", {"userName": "onprem-backup", "accessKeyId": key("old", "AKIA")})):
                self.add(40_000, owner, "iam", call, request, agent=COMMAND_LINE, ip="203.0.113.20")
        for account in ("shop-prod", "orders-prod"):
            scaling = linked(account, "AWSServiceRoleForApplicationAutoScaling_ECSService", "ecs.application-autoscaling.amazonaws.com",
                             "AutoScaling-UpdateDesiredCapacity")
            for _ in range(10):
                self.add(self.within(0, 23.9), scaling, "ecs", "UpdateService", {"cluster": account, "service": "shop", "desiredCount": 4})

    def object(self, at, identity, name, bucket, path, account=None, **how):
        number = ACCOUNTS[account] if account else identity["accountId"]
        request = {"bucketName": bucket, "Host": f"{bucket}.s3.{REGION}.amazonaws.com"}
        resources = [{"accountId": number, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]
        if path:
            request["key"] = path
            resources.insert(0, {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{path}"})
        else:
            request["delete"] = ""
        self.add(at, identity, "s3", name, request, data=True, account=account, resources=resources,
                 additionalEventData={"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader", "bytesTransferredIn": 0,
                                      "bytesTransferredOut": 4096}, **how)

    def rest(self):
        """Services take roles and use keys all day long: up to the number of records."""
        kinds = [("lambda.amazonaws.com", "api"), ("ecs-tasks.amazonaws.com", "task"), ("ec2.amazonaws.com", "instance")]
        while len(self.records) < RECORDS:
            source, suffix = self.random.choice(kinds)
            team = self.random.choice(TEAMS)
            account = f"{team}-{self.random.choice(['dev', 'staging', 'prod'])}"
            arn = f"arn:aws:iam::{ACCOUNTS[account]}:role/{team}-{suffix}"
            if self.random.random() < 0.8:
                self.add(self.within(0, 23.99), service(source), "sts", "AssumeRole",
                         {"roleArn": arn, "roleSessionName": self.hex(16)},
                         {"assumedRoleUser": {"assumedRoleId": f"{key(arn, 'AROA')}:x", "arn": f"{arn}/x"}}, account=account,
                         resources=[{"accountId": ACCOUNTS[account], "type": "AWS::IAM::Role", "ARN": arn}])
            else:
                self.add(self.within(0, 23.99), role(account, f"{team}-{suffix}", self.hex(16)), "kms", "Decrypt",
                         {"encryptionContext": {"aws:lambda:FunctionArn": f"{team}-{suffix}"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
                         agent=JAVA, ip="192.0.2.170")

    def all(self):
        for part in (self.people, self.terraform, self.cdk, self.ci, self.packer, self.kubernetes, self.secrets, self.vendors,
                     self.scanner, self.backups, self.autoscaling, self.permission_sets, self.control_tower, self.service_linked,
                     self.applications, self.everyday):
            part()
        assert len(self.records) < RECORDS, len(self.records)
        self.rest()
        return sorted(self.records, key=lambda record: (record["eventTime"], record["eventID"]))


def day(number):
    """The records of a day, by its number from 1."""
    return Day(number).all()


if __name__ == "__main__":
    json.dump({"Records": day(int(sys.argv[1]))}, sys.stdout)
