//! The tools that user agents name. A caller can write any of them.

/// What a tool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It builds infrastructure from code.
    Deployment,
    /// It reads the configuration of whole accounts.
    Scan,
    /// Anything.
    General,
}

/// A tool, by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool(u8);

/// What the user agent has, in lower case; the name of the tool; and its purpose. The first that fits counts.
const TOOLS: &[(&str, &str, Purpose)] = &[
    ("terraform", "Terraform", Purpose::Deployment),
    ("opentofu", "OpenTofu", Purpose::Deployment),
    ("pulumi", "Pulumi", Purpose::Deployment),
    ("crossplane", "Crossplane", Purpose::Deployment),
    ("cloudformation.amazonaws.com", "CloudFormation", Purpose::Deployment),
    ("aws-cdk", "AWS CDK", Purpose::Deployment),
    ("aws-sam", "AWS SAM", Purpose::Deployment),
    ("ansible", "Ansible", Purpose::Deployment),
    ("codebuild", "CodeBuild", Purpose::Deployment),
    ("codepipeline", "CodePipeline", Purpose::Deployment),
    ("prowler", "Prowler", Purpose::Scan),
    ("scoutsuite", "ScoutSuite", Purpose::Scan),
    ("scout suite", "ScoutSuite", Purpose::Scan),
    ("steampipe", "Steampipe", Purpose::Scan),
    ("cloudquery", "CloudQuery", Purpose::Scan),
    ("cartography", "Cartography", Purpose::Scan),
    ("cloud-custodian", "Cloud Custodian", Purpose::Scan),
    ("c7n", "Cloud Custodian", Purpose::Scan),
    ("cloudsploit", "CloudSploit", Purpose::Scan),
    ("aws-cli", "the AWS CLI", Purpose::General),
    ("boto3", "Boto3", Purpose::General),
    ("aws-sdk", "an AWS SDK", Purpose::General),
];

impl Tool {
    /// The tool that a user agent names.
    pub fn of(agent: &str) -> Option<Self> {
        let agent = agent.to_ascii_lowercase();
        let at = TOOLS.iter().position(|(word, ..)| agent.contains(word))?;
        u8::try_from(at).ok().map(Self)
    }

    /// What it is for.
    pub fn purpose(self) -> Purpose {
        TOOLS.get(usize::from(self.0)).map_or(Purpose::General, |(.., purpose)| *purpose)
    }
}

/// A set of tools.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tools(u32);

impl Tools {
    /// Adds one.
    pub fn add(&mut self, tool: Tool) {
        self.0 |= 1 << tool.0;
    }

    /// Their names, each once.
    pub fn names(self) -> Vec<&'static str> {
        let mut names: Vec<&str> = Vec::new();
        for (at, (_, name, _)) in TOOLS.iter().enumerate() {
            if self.0 & (1 << at) != 0 && !names.contains(name) {
                names.push(name);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_place_in_a_set() {
        let mut tools = Tools::default();
        for (word, name, purpose) in TOOLS {
            let tool = Tool::of(&format!("[{}/1.0]", word.to_uppercase())).unwrap();
            assert_eq!(tool.purpose(), *purpose, "{name}");
            tools.add(tool);
        }
        assert!(TOOLS.len() <= 32);
        assert_eq!(tools.names().len(), TOOLS.len() - 2);
        assert_eq!(Tool::of("curl/8"), None);
    }
}
