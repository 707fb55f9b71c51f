// Uses the API through what openapi-typescript and openapi-fetch make of its document.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };
const baseUrl = process.argv[2] ?? "";
const guest = createClient<paths>({ baseUrl });

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const account = { email: "generated@example.com", password: "Tr0ub4dor&3" };
const registered = await guest.POST("/api/auth/register/", { body: { name: "Generated", ...account } });
check(registered.response.status === 201, "not registered");

const login = await guest.POST("/api/auth/login/", { body: account });
const access: string = login.data!.access;

const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${access}` } });
const created = await api.POST("/api/patients/", { body: { name: "Ada", age: 36 } });
check(created.data !== undefined, "not created");
const patient: components["schemas"]["Patient"] = created.data;

const changed = await api.PATCH("/api/patients/{id}/", { params: { path: { id: patient.id } }, body: { notes: "Diabetic" } });
check(changed.data?.notes === "Diabetic", "not changed");

const page = await api.GET("/api/patients/", { params: { query: { page: 1, search: "ada" } } });
check(page.data !== undefined && !Array.isArray(page.data) && page.data.results[0]?.age === 36, "not found");

const refused = await api.POST("/api/patients/", { body: { name: "", age: -1 } });
check(refused.response.status === 400 && refused.error !== undefined && "age" in refused.error, "not refused");

const unknown = await api.GET("/api/patients/{id}/", { params: { path: { id: 999 } } });
check(unknown.response.status === 404, "found");

const ended = await api.DELETE("/api/patients/{id}/", { params: { path: { id: patient.id } } });
check(ended.response.status === 204 && ended.data === undefined, "not deleted");
console.log("done");
