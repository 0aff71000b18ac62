use super::*;
use crate::{Options, S3Options};
use byte_ranges::SourceErrorKind;
use std::fs;

/// Settings over a home folder with these files.
fn settings(test: &str, variables: &[(&str, &str)], config: &str, credentials: &str) -> Settings {
    let home = std::env::temp_dir().join(format!("identity-{test}-{}", std::process::id()));
    _ = fs::remove_dir_all(&home);
    fs::create_dir_all(home.join(".aws")).unwrap();
    for (name, text) in [("config", config), ("credentials", credentials)] {
        if !text.is_empty() {
            fs::write(home.join(".aws").join(name), text).unwrap();
        }
    }
    let mut variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    variables.push(("HOME".to_owned(), home.to_str().unwrap().to_owned()));
    let lookup = move |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Settings::new(lookup, None, &Options::default())
}

fn asking(mut settings: Settings, profile: &str) -> Settings {
    settings.asked_profile = Some(profile.to_owned());
    settings
}

fn chosen(settings: &Settings) -> String {
    let way = choose(settings).unwrap();
    let looked = match &way {
        Way::Instance { looked: Some(looked), .. } | Way::Nothing(looked) => format!(": {looked}"),
        _ => String::new(),
    };
    format!("{way}{looked}")
}

/// The message of a configuration that is refused; it shows no secret.
fn refused(settings: &Settings) -> String {
    let Err(error) = choose(settings) else { panic!("this was taken: {}", chosen(settings)) };
    assert_eq!(error.kind, SourceErrorKind::Config, "{error}");
    assert!(!format!("{error:?}").contains("hush"), "{error}");
    error.to_string()
}

const KEYS: &str = "aws_access_key_id = AKIDFILE\naws_secret_access_key = hush\n";

#[test]
fn the_order_is_that_of_the_tools_of_aws() {
    let file = format!("[default]\n{KEYS}[other]\n{KEYS}");
    let env = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", "arn:r")];
    let pod = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials")];
    let named = [("AWS_PROFILE", "other")];
    let of = |test: &str, parts: &[&[(&str, &str)]], file: &str| settings(test, &parts.concat(), "", file);
    assert!(chosen(&of("o1", &[&env, &web, &named, &pod], &file)).contains("AWS_ACCESS_KEY_ID"));
    assert!(chosen(&of("o2", &[&web, &named, &pod], &file)).contains("web identity (role arn:r)"));
    assert!(chosen(&of("o3", &[&named, &pod], &file)).contains("profile `other`"));
    assert!(chosen(&of("o4", &[&pod], &file)).contains("profile `default`"));
    assert!(chosen(&of("o5", &[&pod], "")).contains("container"));
    let nothing = chosen(&of("o6", &[], "[default]\nregion = x\n"));
    assert!(nothing.contains("metadata service") && nothing.contains("`default` has no credentials"), "{nothing}");
    let off = chosen(&of("o7", &[&[("AWS_EC2_METADATA_DISABLED", "true")]], ""));
    assert!(off.starts_with("nothing") && off.contains("no such file") && off.contains("DISABLED"), "{off}");
    // A profile that was asked for beside the environment counts alone.
    assert!(chosen(&asking(of("o8", &[&env, &web], &file), "other")).contains("profile `other`"));
    assert!(chosen(&Settings::new(|_| None, None, &Options::default())).contains("no home folder"));
}

#[test]
fn what_is_configured_by_half_is_an_error_and_nothing_else_is_tried() {
    let full = format!("[default]\n{KEYS}");
    for (test, variables, says) in [
        ("h1", &[("AWS_ACCESS_KEY_ID", "A")][..], "AWS_SECRET_ACCESS_KEY is not"),
        ("h2", &[("AWS_SECRET_ACCESS_KEY", "hush")], "AWS_ACCESS_KEY_ID is not"),
        ("h3", &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")], "AWS_ROLE_ARN"),
        ("h4", &[("AWS_PROFILE", "wrong")], "no profile `wrong`"),
    ] {
        let error = refused(&settings(test, variables, "", &full));
        assert!(error.contains(says), "{error}");
    }
    for (test, profile, says) in [
        ("p1", "aws_access_key_id = A", "aws_secret_access_key is missing"),
        ("p2", "aws_secret_access_key = hush", "aws_access_key_id is missing"),
        ("p3", "region = eu-west-1", "it has region"),
        ("p4", "role_arn = arn:r", "role_arn alone"),
        ("p5", "role_arn = arn:r\nsource_profile = gone", "no profile `gone`"),
        ("p6", "role_arn = arn:r\nsource_profile = default\ncredential_source = Environment", "keep one"),
        ("p7", "role_arn = arn:r\ncredential_source = Nowhere", "Nowhere"),
        ("p8", "role_arn = arn:r\ncredential_source = Environment", "AWS_ACCESS_KEY_ID"),
        ("p9", "role_arn = arn:r\nsource_profile = default\nmfa_serial = arn:mfa", "export-credentials --profile x "),
        ("p10", "role_arn = arn:r\nsource_profile = default\nduration_seconds = 5", "900 to 43200"),
        ("p11", "sso_session = gone\nsso_account_id = 1\nsso_role_name = R", "no [sso-session gone]"),
        ("p12", "sso_start_url = https://x\nsso_region = r\nsso_role_name = R", "sso_account_id"),
        (
            "p13",
            "sso_start_url = https://x\nsso_region = evil.example/\nsso_account_id=1\nsso_role_name = R",
            "no region",
        ),
        ("p14", "role_arn = arn:r\nsource_profile = default\nregion = evil.example/#", "no region"),
        ("p15", "endpoint_url = https://store.example\naws_access_key_id = A", "--endpoint-url"),
    ] {
        let config = format!("[default]\n{KEYS}[profile x]\n{profile}\n");
        let error = refused(&asking(settings(test, &[], &config, ""), "x"));
        assert!(error.contains(says) && error.contains("profile `x`"), "{error}");
    }
    let many: String = (0..50).map(|i| format!("[profile p{i:02}]\n")).collect();
    let error = refused(&asking(settings("many", &[], &many, ""), "x"));
    assert!(error.contains("`p19`, 30 more") && !error.contains("p20"), "{error}");
}

#[test]
fn chains_end_or_are_refused() {
    let chain = |links: usize, end: &str| {
        let links = (0..links).map(|i| format!("[profile p{i}]\nrole_arn = arn:{i}\nsource_profile = p{}\n", i + 1));
        links.collect::<String>() + end
    };
    let three = chain(2, &format!("[profile p2]\n{KEYS}"));
    let way = chosen(&asking(settings("c1", &[], &three, ""), "p0"));
    assert_eq!(
        way,
        "profile `p0` (role arn:0), taken by profile `p1` (role arn:1), taken by profile `p2` (aws_access_key_id)"
    );
    let own = format!("[profile p0]\nrole_arn = arn:0\nsource_profile = p0\n{KEYS}");
    assert!(
        chosen(&asking(settings("c2", &[], &own, ""), "p0")).ends_with("taken by profile `p0` (aws_access_key_id)")
    );
    for (test, file, says) in [
        (
            "c3",
            chain(3, "[profile p3]\nrole_arn = arn:3\nsource_profile = p0\n"),
            "`p0` -> `p1` -> `p2` -> `p3` -> `p0`",
        ),
        ("c4", chain(2, "[profile p2]\nrole_arn = arn:3\nsource_profile = p1\n"), "circle"),
        ("c5", "[profile p0]\nrole_arn = arn:0\nsource_profile = p0\n".to_owned(), "no credentials"),
        ("c6", chain(5000, ""), "more than 8 roles"),
    ] {
        let error = refused(&asking(settings(test, &[], &file, ""), "p0"));
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn profiles_are_chosen_by_their_content_from_both_files() {
    let config = "[default]\nregion = eu-central-1\n[profile cmd]\ncredential_process = print hush\nregion = us-east-1\n\
                  [profile new]\nsso_session = s\nsso_account_id = 12\nsso_role_name = R\n\
                  [sso-session s]\nsso_start_url = https://x\nsso_region = eu-west-1\n\
                  [profile old]\nsso_start_url = https://x\nsso_region = eu-west-1\nsso_account_id = 34\nsso_role_name = Q\n\
                  [profile web]\nrole_arn = arn:w\nweb_identity_token_file = ~/token\n\
                  [profile box]\nrole_arn = arn:b\ncredential_source = Ec2InstanceMetadata\n";
    let make = |profile: &str| {
        asking(settings(&format!("content-{profile}"), &[], config, &format!("[cmd]\n{KEYS}[plain]\n{KEYS}")), profile)
    };
    for (profile, says) in [
        // Keys count more than the command, as for the tools of AWS.
        ("cmd", "profile `cmd` (aws_access_key_id)"),
        ("plain", "profile `plain` (aws_access_key_id)"),
        ("new", "profile `new` (SSO account 12, role R)"),
        ("old", "profile `old` (SSO account 34, role Q)"),
        ("box", "profile `box` (role arn:b), taken by the instance's metadata service"),
    ] {
        assert_eq!(chosen(&make(profile)), says);
    }
    let web = chosen(&make("web"));
    assert!(web.contains("role arn:w") && web.ends_with("/token") && !web.contains('~'), "{web}");
    assert_eq!(region(&make("cmd")).unwrap().as_deref(), Some("us-east-1"));
    assert_eq!(region(&make("plain")).unwrap(), None);
    assert!(region(&make("gone")).is_err());
    let plain = settings("content-region", &[], config, "");
    assert_eq!(region(&plain).unwrap().as_deref(), Some("eu-central-1"));
    assert_eq!(region(&settings("content-none", &[], "", "")).unwrap(), None);
}

#[test]
fn the_region_of_a_role_is_the_chosen_one_then_that_of_the_profile() {
    let config = format!("[profile x]\nrole_arn = arn:r\nsource_profile = s\nregion = eu-west-1\n[profile s]\n{KEYS}");
    let of = |test: &str, variables: &[(&str, &str)], chosen: Option<&str>| {
        let s3 = S3Options { region: chosen.map(str::to_owned), ..S3Options::default() };
        let base = settings(test, variables, &config, "");
        let lookup = move |name: &str| base.get(name);
        let settings = Settings::new(lookup, Some("x".to_owned()), &Options { s3, ..Options::default() });
        let Way::Role(role, _) = choose(&settings).unwrap() else { panic!("no role") };
        role.region
    };
    assert_eq!(of("r1", &[], None), "eu-west-1");
    assert_eq!(of("r2", &[("AWS_REGION", "us-east-2")], None), "us-east-2");
    assert_eq!(of("r3", &[("AWS_REGION", "us-east-2")], Some("sa-east-1")), "sa-east-1");
}

#[test]
fn hostile_files_are_errors_with_their_place() {
    let long = vec![b'#'; 5 << 20];
    let long = String::from_utf8(long).unwrap();
    let error = refused(&settings("x1", &[], &long, ""));
    assert!(error.contains(".aws/config") && error.contains("more than"), "{error}");
    let error = refused(&settings("x2", &[], "[default]\nhush\n", ""));
    assert!(error.contains(".aws/config") && error.contains("line 2"), "{error}");
    let folder = settings("x3", &[("AWS_CONFIG_FILE", "/")], "", "");
    assert!(refused(&folder).contains("folder"));
    let null = [("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")];
    assert!(chosen(&settings("x4", &null, "[x", "[x")).starts_with("the instance"));
}
