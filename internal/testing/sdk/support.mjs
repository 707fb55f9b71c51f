// What the checks share: clients, the documented API, and refusals.

import assert from 'node:assert/strict';

import PocketBase from 'pocketbase';

const setting = JSON.parse(process.env.CAREBASE_SDK_TEST);

export const { alice, bob, password } = setting;

// guest is a client that is not signed in.
export function guest() {
  // The SDK cancels a request when an equal one follows; here each counts.
  return new PocketBase(setting.url).autoCancellation(false);
}

// native signs in through PocketBase's own login.
export async function native(user) {
  const client = guest();
  await client.collection('users').authWithPassword(user.Email, password);
  return client;
}

// documented uses the access token of the documented login.
export function documented(user) {
  return withToken(user, user.Access);
}

export function withToken(user, token) {
  const client = guest();
  client.authStore.save(token, { id: user.ID, email: user.Email, collectionName: 'users' });
  return client;
}

// bothTokens runs a check with each kind of token of alice; bob has the other.
export function bothTokens(check) {
  return async () => {
    await check(await native(alice), documented(bob));
    await check(documented(alice), await native(bob));
  };
}

// call makes a request on the documented API.
export async function call(token, method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  if (token) {
    headers.Authorization = `Bearer ${token}`;
  }
  const response = await fetch(setting.url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

// write is a call that has to succeed; it returns the object.
export async function write(token, method, path, body) {
  const answer = await call(token, method, path, body);
  const expected = { POST: 201, PUT: 200, PATCH: 200, DELETE: 204 }[method];
  assert.equal(answer.status, expected, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// refused waits for the SDK's error with this status and returns what the
// server says about each field.
export async function refused(status, promise) {
  const error = await promise.then(
    (value) => assert.fail(`got ${JSON.stringify(value)}, want status ${status}`),
    (reason) => reason,
  );
  assert.equal(error.status, status, `got ${error.status} ${JSON.stringify(error.response)}: ${error}`);
  return error.response.data;
}

export function names(records) {
  return records.map((record) => record.name);
}
