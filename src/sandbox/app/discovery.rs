//! What the app says about itself. Reads the quirks, no account.

use serde_json::{Value, json};

use super::error::{Refusal, SCIM_JSON};
use super::quirks::Quirks;
use super::routes::base;
use super::{State, schema};
use crate::sandbox::wire::{Answer, Request};

/// RFC 7643 §5 to §7, RFC 7644 §4.
pub(super) fn config(state: &State, request: &Request) -> Result<Answer, Refusal> {
    let (quirks, base) = (&state.quirks, &base(request));
    if quirks.config_missing {
        return Err(Refusal::new(404, "There is no such endpoint."));
    }
    let listed = |resources: Vec<Value>| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": resources.len(), "startIndex": 1, "itemsPerPage": resources.len(), "Resources": resources,
        })
    };
    let body = match request.segments().get(2..).unwrap_or_default() {
        ["ServiceProviderConfig"] => provider(quirks, base),
        ["Schemas"] => listed(schema::listed(&quirks.unknown)),
        ["Schemas", urn] => {
            let found = schema::listed(&quirks.unknown).into_iter().find(|schema| schema["id"] == *urn);
            found.ok_or_else(|| Refusal::not_found(urn))?
        }
        ["ResourceTypes"] => listed(vec![resource_type(base)]),
        ["ResourceTypes", "User"] => resource_type(base),
        _ => return Err(Refusal::new(404, "There is no such endpoint.")),
    };
    Ok(Answer::new(200, SCIM_JSON, body.to_string()))
}

fn provider(quirks: &Quirks, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": !quirks.put_only},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": quirks.page_limit},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": quirks.etag_required},
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "A bearer token.", "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig")},
    })
}

fn resource_type(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User", "name": "User", "endpoint": "/Users", "schema": schema::USER,
        "schemaExtensions": [{"schema": schema::ENTERPRISE, "required": false}],
        "meta": {"resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/User")},
    })
}
