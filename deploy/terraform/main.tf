# The stack of trailbell's CloudFormation template. Its code and its template go into a bucket first: a template of more than 51,200 bytes
# must come from S3 (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).

locals {
  template = coalesce(var.template_file, "${path.module}/trailbell.yaml")
  prefix   = "${var.artifact_prefix}${var.stack_name}"
}

# The folder `function` of a release, with your rules in it.
data "archive_file" "code" {
  type             = "zip"
  source_dir       = var.function_folder
  output_path      = "${path.root}/.terraform/${var.stack_name}-code.zip"
  output_file_mode = "0755"
}

# Another key for every change, so that the function takes the new code.
resource "aws_s3_object" "code" {
  bucket      = var.artifact_bucket
  key         = "${local.prefix}-${data.archive_file.code.output_sha256}.zip"
  source      = data.archive_file.code.output_path
  source_hash = data.archive_file.code.output_sha256
}

resource "aws_s3_object" "template" {
  bucket      = var.artifact_bucket
  key         = "${local.prefix}-${filesha256(local.template)}.yaml"
  source      = local.template
  source_hash = filesha256(local.template)
}

data "aws_region" "current" {}

data "aws_partition" "current" {}

resource "aws_cloudformation_stack" "trailbell" {
  name = var.stack_name
  # By region, and as an address that is valid in every partition.
  template_url = "https://${var.artifact_bucket}.s3.${data.aws_region.current.name}.${data.aws_partition.current.dns_suffix}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM"]
  tags         = var.tags
  # A change that fails, such as rules that do not load, rolls back by itself.
  on_failure = "ROLLBACK"

  parameters = merge(local.parameters, {
    CodeBucket = var.artifact_bucket
    CodeKey    = aws_s3_object.code.key
  })

  timeouts {
    create = "30m"
    update = "30m"
    delete = "30m"
  }
}
