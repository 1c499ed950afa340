// A SCIM app in memory: protocol, schemas, filters and PATCH are SCIMMY's; ours is only the map that keeps the users.
// Usage: node server.mjs TOKEN; prints its port. Never a place for behaviour that SCIMMY does not have.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [token] = process.argv.slice(2);
const users = new Map();

function save(resource, data) {
    if (resource.id && !users.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
    const name = data.userName.toLowerCase();
    const twin = [...users.values()].find((user) => user.userName.toLowerCase() === name && user.id !== resource.id);
    if (twin) throw new SCIMMY.Types.Error(409, "uniqueness", `userName ${data.userName} is taken`);
    const id = resource.id ?? randomUUID();
    const created = users.get(id)?.meta?.created ?? new Date();
    const user = { ...JSON.parse(JSON.stringify(data)), id, meta: { created, lastModified: new Date() } };
    users.set(id, user);
    return user;
}

function load(resource) {
    if (!resource.id) return resource.filter?.match([...users.values()]) ?? [...users.values()];
    if (!users.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
    return users.get(resource.id);
}

SCIMMY.Resources.declare(SCIMMY.Resources.User)
    .extend(SCIMMY.Schemas.EnterpriseUser)
    .ingress(save)
    .egress(load)
    .degress((resource) => users.delete(resource.id));

const authenticate = (request) => {
    if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("Wrong or missing token");
    return "rollcall";
};
const server = express()
    .use("/scim", new SCIMMYRouters({ type: "bearer", handler: authenticate }))
    .listen(0, "127.0.0.1", () => console.log(server.address().port));
