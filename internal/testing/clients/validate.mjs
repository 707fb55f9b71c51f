// Validates the OpenAPI document at the given URL.
import { Validator } from "@seriousme/openapi-schema-validator";

const document = await (await fetch(process.argv[2])).json();
const validator = new Validator();
const { valid, errors } = await validator.validate(document);
console.log(`OpenAPI ${validator.version}: ${valid ? "valid" : JSON.stringify(errors, null, 2)}`);
process.exitCode = valid && validator.version === "3.1" ? 0 : 1;
