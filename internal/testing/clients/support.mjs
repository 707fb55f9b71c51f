// Shared by the checks: clients, calls to the documented API, expected errors.

import assert from 'node:assert/strict';

import PocketBase from 'pocketbase';

const setting = JSON.parse(process.env.CAREBASE_SDK_TEST);

export const { alice, bob, password } = setting;

// guest returns a client that is not signed in.
export function guest() {
  // By default the SDK cancels a request when an equal one follows.
  return new PocketBase(setting.url).autoCancellation(false);
}

// native returns a client signed in by PocketBase's own login.
export async function native(user) {
  const client = guest();
  await client.collection('users').authWithPassword(user.Email, password);
  return client;
}

// documented returns a client with the access token of the documented login.
export function documented(user) {
  return withToken(user, user.Access);
}

export function withToken(user, token) {
  const client = guest();
  client.authStore.save(token, { id: user.ID, email: user.Email, collectionName: 'users' });
  return client;
}

// bothTokens runs a check twice: alice with each kind of token, bob with the
// other kind.
export function bothTokens(check) {
  return async () => {
    await check(await native(alice), documented(bob));
    await check(documented(alice), await native(bob));
  };
}

// call sends a request to the documented API.
export async function call(token, method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  if (token) {
    headers.Authorization = `Bearer ${token}`;
  }
  const response = await fetch(setting.url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

// write calls the API, checks that it succeeded and returns the object.
export async function write(token, method, path, body) {
  const answer = await call(token, method, path, body);
  const expected = { POST: 201, PUT: 200, PATCH: 200, DELETE: 204 }[method];
  assert.equal(answer.status, expected, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// refused awaits the SDK's error with this status and returns the messages by
// field.
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
