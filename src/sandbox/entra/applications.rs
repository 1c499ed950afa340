//! The app registration's own expiry, and the organization's name (Graph: `application`, `organization`).

use serde_json::{Value, json};

use super::Tenant;
use super::error::Refusal;
use super::graph::{JSON, Rights};
use crate::sandbox::directory::guid;
use crate::sandbox::wire::{Answer, Request};

const PROPERTIES: &[&str] = &["id", "appId", "displayName", "passwordCredentials", "keyCredentials", "createdDateTime"];

/// `/applications(appId='…')`.
pub(super) fn application(tenant: &Tenant, request: &Request, rights: &Rights) -> Result<Answer, Refusal> {
    if !rights.applications() {
        return Err(Refusal::denied());
    }
    let registration = tenant.directory.world().registration.clone();
    let segment = request.path.get(1).map_or("", String::as_str);
    let id = segment.strip_prefix("applications(appId='").and_then(|rest| rest.strip_suffix("')")).unwrap_or("");
    if guid(id) != Some(registration.client_id) {
        return Err(Refusal::not_found(id));
    }
    let whole = json!({
        "id": registration.object_id,
        "appId": registration.client_id,
        "displayName": "Rollcall sandbox",
        "createdDateTime": registration.secret_starts.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "keyCredentials": [],
        "passwordCredentials": [{
            "customKeyIdentifier": null,
            "displayName": "sandbox",
            "startDateTime": registration.secret_starts.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            // With the sub-second digits that Graph sometimes has.
            "endDateTime": registration.secret_expires.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "hint": registration.secret.chars().take(3).collect::<String>(),
            "keyId": registration.key_id,
            "secretText": null,
        }],
    });
    let mut body = chosen(whole, request.option("$select").as_deref())?;
    body["@odata.context"] = Value::from("http://127.0.0.1/v1.0/$metadata#applications/$entity");
    Ok(Answer::new(200, JSON, body.to_string()))
}

pub(super) fn organization(tenant: &Tenant, rights: &Rights) -> Result<Answer, Refusal> {
    if !rights.organization() {
        return Err(Refusal::denied());
    }
    let world = tenant.directory.world();
    let body = json!({
        "@odata.context": "http://127.0.0.1/v1.0/$metadata#organization",
        "value": [{
            "id": world.registration.tenant_id,
            "displayName": world.population.company,
            "verifiedDomains": [{"name": world.population.domain, "isDefault": true, "isInitial": false}],
        }],
    });
    Ok(Answer::new(200, JSON, body.to_string()))
}

fn chosen(whole: Value, select: Option<&str>) -> Result<Value, Refusal> {
    let Some(select) = select else { return Ok(whole) };
    let mut chosen = json!({});
    for name in select.split(',').map(str::trim) {
        if !PROPERTIES.contains(&name) {
            return Err(Refusal::bad_request(format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.application'."
            )));
        }
        chosen[name] = whole[name].clone();
    }
    Ok(chosen)
}
