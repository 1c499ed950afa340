//! What the sign-in service's refusals mean, by their AADSTS numbers. Pure.

use super::{Advice, advice, error};
use crate::http::Answer;
use crate::source::SourceError;
use crate::source::entra::wire::SignInFault;

/// The sign-in service's numbers (Entra, "AADSTS error codes").
const SIGN_IN: &[(&[u32], Advice)] = &[
    (
        &[7_000_215],
        advice(
            "credentials",
            "The client secret is wrong.",
            "In Entra, App registrations > Certificates & secrets, make a new client secret and give Rollcall its Value (not its Secret ID).",
        ),
    ),
    (
        &[7_000_222],
        advice(
            "credentials",
            "The client secret has expired.",
            "In Entra, App registrations > Certificates & secrets, make a new client secret and give Rollcall its Value.",
        ),
    ),
    (
        &[700_016],
        advice(
            "credentials",
            "This tenant does not know the client id.",
            "Compare source.client_id and source.tenant_id with the app registration's overview page; if both are right, an admin of this tenant has yet to grant consent to the app.",
        ),
    ),
    (
        &[7_000_229],
        advice(
            "credentials",
            "The app is registered, but has no service principal in this tenant.",
            "Let an admin of the tenant grant admin consent to the app; that creates its enterprise application.",
        ),
    ),
    (
        &[7_000_112, 70_001],
        advice(
            "credentials",
            "The app is disabled in this tenant.",
            "In Entra, Enterprise applications > the app > Properties, set \"Enabled for users to sign in\" to Yes.",
        ),
    ),
    (
        &[7_000_218],
        advice(
            "credentials",
            "The sign-in service got no client secret.",
            "Set source.client_secret to the Value of a client secret of the app registration.",
        ),
    ),
    (
        &[700_027, 50_012, 50_013, 50_027],
        advice(
            "credentials",
            "The app's certificate was refused.",
            "Upload the certificate that Rollcall signs with to the app registration, or renew it.",
        ),
    ),
    (
        &[700_024],
        advice(
            "credentials",
            "The sign-in service finds the app's signature outside its time.",
            "Set this host's clock (NTP); it differs from Microsoft's.",
        ),
    ),
    (
        &[70_021, 700_211, 700_213, 7_002_131],
        advice(
            "credentials",
            "No federated credential of the app matches the token it was shown.",
            "Compare issuer, subject and audience of the app registration's federated credential with the token's, letter by letter.",
        ),
    ),
    (
        &[90_002],
        advice(
            "configuration",
            "The tenant does not exist in this cloud.",
            "Compare source.tenant_id with the tenant's overview page in Entra, and source.cloud with the cloud the tenant lives in.",
        ),
    ),
    (
        &[900_023],
        advice(
            "configuration",
            "The tenant id is neither a GUID nor a domain.",
            "Set source.tenant_id to the tenant id of the tenant's overview page in Entra.",
        ),
    ),
    (
        &[90_038],
        advice(
            "configuration",
            "The tenant lives in another national cloud.",
            "Set source.cloud to the tenant's cloud: global, usgov, usgov-dod or china.",
        ),
    ),
    (
        &[9_001_023, 50_194],
        advice(
            "configuration",
            "The app cannot sign in to this kind of tenant.",
            "Set source.tenant_id to the id of one tenant; common, organizations and consumers do not work here.",
        ),
    ),
    (
        &[500_011],
        advice(
            "configuration",
            "The tenant does not know Microsoft Graph under this cloud's address.",
            "Set source.cloud to the tenant's cloud: global, usgov, usgov-dod or china.",
        ),
    ),
    (
        &[1_002_012, 70_011],
        advice(
            "configuration",
            "The sign-in service refused the scope that was asked for.",
            "Check source.cloud, and source.login_url if it is set; if both are right, report this as a mistake of Rollcall's.",
        ),
    ),
    (
        &[65_001, 650_056, 650_057],
        advice(
            "permission",
            "Nobody has consented to the app's permissions in this tenant.",
            "In Entra, App registrations > API permissions, add GroupMember.Read.All and User.Read.All of Microsoft Graph (application permissions) and grant admin consent.",
        ),
    ),
    (
        &[53_003, 530_032, 530_034],
        advice(
            "credentials",
            "A Conditional Access policy of the tenant blocks the app.",
            "Ask the identity team to allow this server's public address in the policy for workload identities.",
        ),
    ),
    (
        &[900_144],
        advice(
            "configuration",
            "The sign-in service misses a field of the request.",
            "Check that source.client_id and source.client_secret are not empty.",
        ),
    ),
    (
        &[50_196],
        advice(
            "unavailable",
            "The sign-in service finds that the app asks for tokens in a loop.",
            "See whether other programs use the same app registration; the next run tries again.",
        ),
    ),
    (&[90_055], advice("unavailable", "The sign-in service is throttling this tenant.", "The next run tries again.")),
    (
        &[90_033, 90_006, 90_012, 90_024, 90_090, 50_033],
        advice(
            "unavailable",
            "The sign-in service has a passing fault.",
            "The next run tries again; if it lasts, see https://status.cloud.microsoft.",
        ),
    ),
];

/// What a refusal of the sign-in service means.
pub(super) fn refused(answer: &Answer) -> SourceError {
    let fault = SignInFault::parse(&answer.body);
    let known = fault.number().and_then(|number| SIGN_IN.iter().find(|(numbers, _)| numbers.contains(&number)));
    let mut error = match known {
        Some((_, advice)) => error(advice.class, advice.reason, advice.remedy),
        None if answer.status == 429 || answer.status >= 500 || fault.error == "temporarily_unavailable" => error(
            "unavailable",
            format!("The sign-in service is not available (HTTP {}).", answer.status),
            "The next run tries again; if it lasts, see https://status.cloud.microsoft.",
        ),
        None => error(
            "credentials",
            unknown_refusal(answer, &fault),
            "Check source.tenant_id, source.client_id and source.client_secret.",
        ),
    };
    if let (Some(_), Some(number)) = (known, fault.number()) {
        error.reason = format!("{} (AADSTS{number})", error.reason);
    }
    error.request_id = answer.header("x-ms-request-id").map(str::to_owned).or(fault.trace_id);
    error
}

fn unknown_refusal(answer: &Answer, fault: &SignInFault) -> String {
    let first_line = fault.error_description.lines().next().unwrap_or_default();
    let said: String = first_line.chars().filter(|c| !c.is_control()).take(300).collect();
    format!("The sign-in service refuses the app (HTTP {}, {}): {said}", answer.status, fault.error)
}
