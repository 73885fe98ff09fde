//! What SAM deploys: a valid template, and an artifact for the processor that the template names.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::process::tool;

/// What Amazon Linux 2023 has (<https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html>).
const GLIBC: (u32, u32) = (2, 34);

#[test]
fn the_template_is_valid() {
    let output = run(tool("bin/sam"), ["validate", "--lint"], HOST);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn sam_build_makes_an_artifact_for_this_machine() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sam-build");
    let arguments = ["build", "--build-in-source", "--build-dir"].map(OsStr::new);
    let parameter = format!("Architecture={HOST}");
    let overrides = [folder.as_os_str(), OsStr::new("--parameter-overrides"), OsStr::new(&parameter)];
    let output = run(tool("bin/sam"), arguments.into_iter().chain(overrides), HOST);
    assert!(output.status.success(), "{}", text(&output));

    let artifact = folder.join("TrailbellFunction");
    let bootstrap = fs::read(artifact.join("bootstrap")).unwrap();
    assert_eq!(machine(&bootstrap), HOST);
    let needed = newest_glibc(&bootstrap);
    assert!(needed <= GLIBC, "bootstrap needs glibc {needed:?}");
    assert_eq!(fs::read(artifact.join("rules.yaml")).unwrap(), fs::read(root().join("rules.yaml")).unwrap());
    let overrides = |folder: &Path| fs::read(folder.join("overrides.yaml")).ok();
    assert_eq!(overrides(&artifact), overrides(&root()));
}

#[test]
fn a_build_for_another_processor_is_refused() {
    let folder = format!("ARTIFACTS_DIR={}", Path::new(env!("CARGO_TARGET_TMPDIR")).join("other").display());
    let output = run("make", ["build-TrailbellFunction", &folder], OTHER);
    assert!(!output.status.success());
    assert!(text(&output).contains(&format!("bootstrap is not for {OTHER}")), "{}", text(&output));
}

#[test]
fn one_word_sets_build_and_parameter() {
    let answers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("samconfig.toml");
    let deploy = |processor| {
        let samconfig = format!("SAMCONFIG={}", answers.display());
        let overrides = format!("OVERRIDES={}", answers.with_file_name("samconfig-overrides.yaml").display());
        text(&run("make", ["deploy", "SAM=echo", &samconfig, &overrides], processor))
    };
    for (processor, target) in [("arm64", "aarch64-unknown-linux-gnu"), ("x86_64", "x86_64-unknown-linux-gnu")] {
        let build = text(&run("make", ["--dry-run", "build-TrailbellFunction", "PROFILE=dist"], processor));
        assert!(build.contains(&format!("--target {target}.2.34 ")), "{build}");

        let _ = fs::remove_file(&answers);
        let first = deploy(processor);
        let given = format!("\nbuild --build-in-source --parameter-overrides Architecture={processor}\n");
        assert!(first.contains(&given), "{first}");
        assert!(first.contains("\ndeploy --guided "), "{first}");
        assert!(first.ends_with(&format!(" --parameter-overrides Architecture={processor}\n")), "{first}");

        // As SAM writes it.
        let saved = r#"parameter_overrides = "Architecture=\"sparc\" AlertEmail=\"a@example.org\"""#;
        fs::write(&answers, saved).unwrap();
        let next = deploy(processor);
        assert!(next.contains(&given), "{next}");
        assert!(!next.contains("--guided"), "{next}");
        assert_eq!(fs::read_to_string(&answers).unwrap(), saved.replace("sparc", processor));
    }
}

#[test]
fn the_answers_of_one_stack_are_not_used_for_another() {
    let answers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("samconfig-one.toml");
    let saved = "stack_name = \"one\"\nparameter_overrides = \"Architecture=\\\"arm64\\\"\"\n";
    fs::write(&answers, saved).unwrap();
    let samconfig = format!("SAMCONFIG={}", answers.display());
    let deploy = |stack: &str| run("make", ["--dry-run", "deploy", "SAM=echo", &samconfig, stack], "arm64");
    assert!(!deploy("STACK=two").status.success());
    assert!(deploy("STACK=one").status.success());
    // A file that SAM would read differently is refused, not ignored.
    fs::write(&answers, saved.replace("\\\"", "")).unwrap();
    let overrides = format!("OVERRIDES={}", answers.with_file_name("samconfig-one-overrides.yaml").display());
    assert!(!run("make", ["deploy", "SAM=echo", &samconfig, &overrides], "arm64").status.success());
}

const HOST: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
const OTHER: &str = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };

/// Runs a tool in the project's folder, for a processor, with the profile that the tests were built with.
fn run<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: impl IntoIterator<Item = S>, processor: &str) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(root())
        .env("ARCH", processor)
        .env("PROFILE", "dev")
        .env("TRAILBELL", env!("CARGO_BIN_EXE_trailbell"))
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        // Variables of an outer make would take precedence.
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .env_remove("ARTIFACTS_DIR")
        .output()
        .unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The processor that an ELF file is for (elf.h: `e_machine`).
fn machine(elf: &[u8]) -> &'static str {
    assert_eq!(&elf[..4], b"\x7fELF");
    match u16::from_le_bytes([elf[18], elf[19]]) {
        62 => "x86_64",
        183 => "arm64",
        other => panic!("machine {other}"),
    }
}

/// The newest glibc whose symbols a binary names.
fn newest_glibc(elf: &[u8]) -> (u32, u32) {
    let prefix = b"GLIBC_";
    let versions = memchr::memmem::find_iter(elf, prefix).filter_map(|at| {
        let rest = &elf[at + prefix.len()..];
        let end = rest.iter().position(|&byte| byte != b'.' && !byte.is_ascii_digit())?;
        let (major, minor) = std::str::from_utf8(&rest[..end]).ok()?.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    versions.max().expect("bootstrap is linked to glibc")
}
