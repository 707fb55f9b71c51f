// Uses the record API through the types that pocketbase-typegen makes of it.
import PocketBase from "pocketbase";
import type { Create, PatientsResponse, TypedPocketBase } from "./records-schema.js";
import { Collections } from "./records-schema.js";

declare const process: { argv: string[] };
const [baseUrl = "", email = "", password = ""] = process.argv.slice(2);
const pb = new PocketBase(baseUrl) as TypedPocketBase;
const { record: user } = await pb.collection(Collections.Users).authWithPassword(email, password);

const values = { name: "Ada", age: 36, created_by: user.id } satisfies Partial<Create<"patients">>;
const created: PatientsResponse = await pb.collection(Collections.Patients).create(values);
const found = await pb.collection("patients").getOne(created.id);
const age: number | undefined = found.age;
if (found.name !== "Ada" || age !== 36) throw new Error("not the patient that was created");
console.log("done");
