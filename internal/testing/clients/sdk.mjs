// Runs all checks against the server in CAREBASE_SDK_TEST. The first failure ends
// the run with a stack trace and exit status 1.

import { EventSource } from 'eventsource';

import { checks as realtime } from './realtime.mjs';
import { checks as records } from './records.mjs';
import { checks as signIn } from './sign_in.mjs';

// The SDK expects a global EventSource, which Node lacks.
globalThis.EventSource = EventSource;

for (const [name, check] of Object.entries({ ...signIn, ...records, ...realtime })) {
  try {
    await check();
  } catch (error) {
    console.error(`FAILED ${name}`);
    console.error(error);
    if (error.response) {
      console.error('the server answered', error.status, JSON.stringify(error.response));
    }
    process.exit(1); // Open realtime connections would keep node running.
  }
  console.log(`ok ${name}`);
}
