// Registration, both logins, and what each token permits.

import assert from 'node:assert/strict';

import { alice, bob, call, documented, guest, native, password, refused, withToken } from './support.mjs';

export const checks = {
  'native sign-in': async () => {
    const client = guest();
    const answer = await client.collection('users').authWithPassword(alice.Email, password);
    assert.equal(answer.record.id, alice.ID);
    assert.equal(answer.record.email, alice.Email);
    assert.equal(client.authStore.token, answer.token);
    assert.ok(client.authStore.isValid);
    await refused(400, guest().collection('users').authWithPassword(alice.Email, 'wrong'));
  },

  'the documented access token in the auth store': async () => {
    const client = documented(alice);
    assert.ok(client.authStore.isValid);
    const user = await client.collection('users').getOne(alice.ID);
    assert.equal(user.email, alice.Email);
    await refused(404, client.collection('users').getOne(bob.ID));
    assert.equal((await client.collection('users').getFullList()).length, 1);
  },

  'a refresh of the auth store': async () => {
    for (const client of [await native(alice), documented(alice)]) {
      const answer = await client.collection('users').authRefresh();
      assert.equal(answer.record.id, alice.ID);
      assert.equal((await call(client.authStore.token, 'GET', '/api/patients/')).status, 200);
    }
  },

  "PocketBase's token on the documented API": async () => {
    const { token } = (await native(alice)).authStore;
    const patient = await call(token, 'POST', '/api/patients/', { name: 'John Doe', age: 34 });
    assert.equal(patient.status, 201);
    assert.equal(String(patient.body.created_by), alice.ID);
    const path = `/api/patients/${patient.body.id}/`;
    assert.deepEqual((await call(token, 'GET', '/api/patients/')).body, [patient.body]);
    assert.deepEqual((await call(alice.Access, 'GET', path)).body, patient.body);
    assert.equal((await call((await native(bob)).authStore.token, 'GET', path)).status, 404);
    assert.equal((await call(token, 'DELETE', path)).status, 204);
  },

  'a refresh token is refused natively': async () => {
    const client = withToken(alice, alice.Refresh);
    assert.ok(client.authStore.isValid, 'the SDK itself must not be what refuses it');
    for (const name of ['patients', 'doctors', 'mappings']) {
      await refused(401, client.collection(name).getList());
    }
    await refused(401, client.collection('patients').create({ name: 'John Doe', age: 34 }));
    await refused(401, client.collection('patients').subscribe('*', () => {}));
    client.realtime.unsubscribe();
    await refused(401, client.collection('users').authRefresh());
    await refused(404, client.collection('users').getOne(alice.ID));
  },

  'a guest sees nothing': async () => {
    const client = guest();
    for (const name of ['users', 'patients', 'doctors', 'mappings']) {
      assert.equal((await client.collection(name).getList()).totalItems, 0);
    }
    for (const name of ['patients', 'doctors']) {
      await refused(400, client.collection(name).create({ name: 'John Doe', age: 34 }));
    }
  },

  'registration': async () => {
    const users = guest().collection('users');
    const form = { name: 'Carol', email: 'Carol@Example.com', password, passwordConfirm: password };
    const carol = await users.create(form);
    const client = guest();
    const answer = await client.collection('users').authWithPassword('Carol@example.com', password);
    assert.equal(answer.record.id, carol.id);
    const login = await call('', 'POST', '/api/auth/login/', { email: 'Carol@example.com', password });
    assert.equal(login.status, 200);
    assert.equal((await call(login.body.access, 'GET', '/api/patients/')).status, 200);

    const again = await refused(400, users.create({ ...form, email: 'carol@example.com' }));
    assert.ok(again.email);
    const nameless = await refused(400, users.create({ ...form, email: 'nameless@example.com', name: ' ' }));
    assert.ok(nameless.name);
  },

  'one password policy at both doors': async () => {
    const user = { name: 'Margaret Houlihan', email: 'hotlips@example.com' };
    for (const weak of ['qzx7!', 'password', '38204957', 'houlihan', 'hotlips@example']) {
      const native = await refused(400, guest().collection('users').create({ ...user, password: weak, passwordConfirm: weak }));
      const rest = await call('', 'POST', '/api/auth/register/', { ...user, password: weak });
      assert.equal(rest.status, 400);
      assert.ok(rest.body.password, weak);
      // PocketBase checks the minimum length itself, with its own message.
      if (weak.length >= 8) {
        assert.equal(native.password.message, rest.body.password.join(' '));
      } else {
        assert.ok(native.password, weak);
      }
    }
  },
};
