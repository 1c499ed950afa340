use serde_json::{Value, json};

use super::*;

fn tenant(members: u32) -> Directory {
    Directory::new(&TenantOptions { members, ..TenantOptions::default() })
}

#[test]
fn a_soft_deleted_person_leaves_the_list_and_a_restore_brings_name_and_membership_back() -> anyhow::Result<()> {
    let directory = tenant(5);
    let person = directory.members(5)[2].clone();
    let name = directory.person(&person)?["userPrincipalName"].clone();
    directory.soft_delete(&person)?;
    assert_eq!(directory.count(&directory.group())?, 4);
    let renamed = directory.person(&person)?["userPrincipalName"].as_str().map(str::len);
    assert_eq!(renamed, name.as_str().map(|name| name.len() + 32));
    directory.restore(&person)?;
    assert_eq!(directory.person(&person)?["userPrincipalName"], name);
    assert_eq!(directory.members(5)[2], person);
    Ok(())
}

#[test]
fn a_hire_gets_names_from_what_is_said_and_the_rest_made_up() -> anyhow::Result<()> {
    let directory = tenant(3);
    let id = directory.hire(&json!({"givenName": "Zoë", "surname": "O'Hara", "mail": null}))?;
    let person = directory.person("zoe.ohara@northwind.example")?;
    assert_eq!(person["id"], Value::from(id));
    assert_eq!(person["displayName"], "Zoë O'Hara");
    assert_eq!(person["mail"], Value::Null);
    assert_eq!(directory.count(&directory.group())?, 4);
    Ok(())
}

#[test]
fn a_renamed_person_is_found_by_the_new_name_only() -> anyhow::Result<()> {
    let directory = tenant(3);
    let before = directory.person(&directory.members(1)[0])?["userPrincipalName"].clone();
    let before = before.as_str().unwrap_or_default();
    directory.rename(before, "new.name@northwind.example")?;
    assert!(directory.id_of(before).is_err());
    assert_eq!(directory.id_of("New.Name@northwind.example")?, directory.members(1)[0]);
    Ok(())
}

#[test]
fn the_name_of_a_deleted_person_is_free_for_a_rehire() -> anyhow::Result<()> {
    let directory = tenant(1);
    let before = directory.members(1)[0].clone();
    let name = directory.person(&before)?["userPrincipalName"].clone();
    directory.soft_delete(&before)?;
    let after = directory.hire(&json!({"userPrincipalName": name}))?;
    assert_ne!(before, after);
    assert_eq!(directory.id_of(name.as_str().unwrap_or_default())?, after);
    assert!(directory.restore(&before).is_err());
    Ok(())
}

#[test]
fn a_hard_deleted_person_is_unknown() -> anyhow::Result<()> {
    let directory = tenant(3);
    let person = directory.members(1)[0].clone();
    directory.hard_delete(&person)?;
    assert!(directory.person(&person).is_err());
    assert_eq!(directory.count(&directory.group())?, 2);
    Ok(())
}

#[test]
fn made_up_hires_never_share_a_name() -> anyhow::Result<()> {
    let directory = tenant(0);
    for _ in 0..50 {
        directory.hire(&json!({}))?;
    }
    assert_eq!(directory.count(&directory.group())?, 50);
    Ok(())
}
