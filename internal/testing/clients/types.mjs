// Prints TypeScript types for the schemas of the OpenAPI document at the given URL.
import openapiTS, { astToString } from "openapi-typescript";

const { openapi, info, components } = await (await fetch(process.argv[2])).json();

// Drop the texts, so that the types do not change with the wording.
const isText = (key, value) => ["title", "description", "examples"].includes(key) && (typeof value === "string" || Array.isArray(value));
const schemas = JSON.parse(JSON.stringify(components.schemas, (key, value) => (isText(key, value) ? undefined : value)));

const types = await openapiTS({ openapi, info, paths: {}, components: { schemas } }, { rootTypes: true, rootTypesNoSchemaPrefix: true });
process.stdout.write("// Generated from the OpenAPI document; do not edit.\n" + astToString(types));
