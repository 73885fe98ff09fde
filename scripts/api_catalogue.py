#!/usr/bin/env python3
"""Prints the catalogue of AWS's APIs that `trailbell check` reads, from botocore's service models.

    .venv/bin/python scripts/api_catalogue.py > src/lint/catalogue/apis.txt

A line has an event source, or several with commas, all without `.amazonaws.com`, and the names of the operations: each
verb once, and behind its colon the rest of each name. Suggestions use the first source.
"""

import gzip
import json
import pathlib
import re
from collections import defaultdict

import botocore

# The event source in CloudTrail, where neither the signing name nor the endpoint prefix has it.
SOURCES = {
    "amp": ["aps"],
    "application-autoscaling": ["autoscaling", "application-autoscaling"],
    "autoscaling-plans": ["autoscaling-plans", "autoscaling"],
    "cloudwatch": ["monitoring"],
    "cloudwatchomni": ["cloudwatch", "cloudwatch-omni"],
    "connectparticipant": ["connect"],
    "docdb": ["rds"],
    "efs": ["elasticfilesystem"],
    "elb": ["elasticloadbalancing"],
    "elbv2": ["elasticloadbalancing"],
    "emr": ["elasticmapreduce"],
    "identitystore": ["sso-directory", "identitystore"],
    "iot-data": ["iotdata", "iot"],
    "lexv2-models": ["lexv2", "lex"],
    "lexv2-runtime": ["lexv2", "lex"],
    "meteringmarketplace": ["metering-marketplace", "aws-marketplace"],
    "mq": ["amazonmq"],
    "mwaa": ["airflow"],
    "neptune": ["rds"],
    "opensearch": ["es"],
    "rds-data": ["rdsdata", "rds-data"],
    "route53domains": ["route53domains", "route53"],
    "s3": ["s3", "s3express", "s3-outposts", "s3-object-lambda"],
    "s3control": ["s3", "s3-outposts"],
    "stepfunctions": ["states"],
}


def sources(service: str, metadata: dict) -> tuple[str, ...]:
    endpoint = re.sub(r"^(api|data|data-ats|runtime|models|portal)\.", "", metadata["endpointPrefix"])
    derived = [metadata.get("signingName", endpoint), endpoint, service]
    return tuple(dict.fromkeys(source.lower() for source in SOURCES.get(service, []) or derived))


def services():
    for folder in sorted(pathlib.Path(botocore.__file__).with_name("data").iterdir()):
        for model in sorted(folder.glob("*/service-2.json*")):
            text = gzip.open(model) if model.suffix == ".gz" else model.open("rb")
            with text:
                yield folder.name, json.load(text)


def main():
    names = defaultdict(set)
    for service, model in services():
        names[sources(service, model["metadata"])] |= set(model["operations"])
    for of, operations in sorted(names.items()):
        verbs = defaultdict(list)
        for name in sorted(operations):
            verb = re.match(r"[A-Z]?[a-z0-9]*", name)[0]
            verbs[verb].append(name[len(verb) :])
        print(",".join(of), *(f"{verb}:{','.join(rest)}" for verb, rest in verbs.items()))


if __name__ == "__main__":
    main()
