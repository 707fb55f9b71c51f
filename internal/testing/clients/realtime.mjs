// Realtime events of writes on the documented API.

import assert from 'node:assert/strict';

import { alice, bob, documented, native, write } from './support.mjs';

// How long an expected event may take, in milliseconds.
const timeout = 10_000;

// Inbox queues the events of subscriptions.
class Inbox {
  #events = [];
  #waiting = null;

  async subscribe(client, collection, options) {
    await client.collection(collection).subscribe('*', (event) => {
      this.#events.push(event);
      this.#waiting?.();
    }, options);
    return this;
  }

  // next returns the next event, or fails after the timeout.
  async next() {
    if (this.#events.length === 0) {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no event arrived')), timeout);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#events.shift();
  }

  // expect checks that the next event is this action on this object of the documented
  // API, whose ids are numbers.
  async expect(action, object) {
    const { action: got, record } = await this.next();
    assert.deepEqual([got, record.id], [action, String(object.id)], JSON.stringify(record));
    for (const field of ['name', 'age', 'notes', 'speciality']) {
      if (field in object) {
        assert.equal(record[field], object[field], field);
      }
    }
    for (const field of ['patient', 'doctor', 'created_by']) {
      if (field in object) {
        assert.equal(record[field], String(object[field]), field);
      }
    }
  }

  empty() {
    assert.deepEqual(this.#events, []);
  }
}

async function open(client) {
  return {
    patients: await new Inbox().subscribe(client, 'patients'),
    newborns: await new Inbox().subscribe(client, 'patients', { filter: 'age = 0' }),
    doctors: await new Inbox().subscribe(client, 'doctors'),
    mappings: await new Inbox().subscribe(client, 'mappings'),
  };
}

async function deliver(aliceClient, bobClient) {
  const seen = await open(aliceClient);
  const foreign = await open(bobClient);

  let doctor = await write(alice.Access, 'POST', '/api/doctors/', { name: 'Gregory House', speciality: 'Nephrology' });
  await seen.doctors.expect('create', doctor);
  await foreign.doctors.expect('create', doctor);
  doctor = await write(alice.Access, 'PATCH', `/api/doctors/${doctor.id}/`, { speciality: 'Diagnostics' });
  await seen.doctors.expect('update', doctor);
  await foreign.doctors.expect('update', doctor);

  let patient = await write(alice.Access, 'POST', '/api/patients/', { name: 'John Doe', age: 34, notes: 'Diabetic' });
  await seen.patients.expect('create', patient);
  patient = await write(alice.Access, 'PUT', `/api/patients/${patient.id}/`, { name: 'Jane Doe', age: 35 });
  await seen.patients.expect('update', patient);
  patient = await write(alice.Access, 'PATCH', `/api/patients/${patient.id}/`, { age: 0 });
  await seen.patients.expect('update', patient);
  // Only the last of the three writes matches the filter.
  await seen.newborns.expect('update', patient);

  const pair = { patient: patient.id, doctor: doctor.id };
  const mapping = await write(alice.Access, 'POST', '/api/mappings/', pair);
  await seen.mappings.expect('create', mapping);
  await write(alice.Access, 'DELETE', `/api/mappings/detail/${mapping.id}/`);
  await seen.mappings.expect('delete', mapping);

  const second = await write(alice.Access, 'POST', '/api/mappings/', pair);
  await seen.mappings.expect('create', second);
  await write(alice.Access, 'DELETE', `/api/patients/${patient.id}/`);
  await seen.patients.expect('delete', patient);
  await seen.newborns.expect('delete', patient);
  await seen.mappings.expect('delete', second);

  await write(alice.Access, 'DELETE', `/api/doctors/${doctor.id}/`);
  await seen.doctors.expect('delete', doctor);
  await foreign.doctors.expect('delete', doctor);

  // Events of bob's own writes are the first that he receives about patients and
  // mappings, so he got none of alice's; then vice versa.
  await ownFirst(bob, foreign, seen);
  await ownFirst(alice, seen, foreign);
  for (const inbox of [...Object.values(seen), ...Object.values(foreign)]) {
    inbox.empty();
  }
  aliceClient.realtime.unsubscribe();
  bobClient.realtime.unsubscribe();
}

// ownFirst writes as a user and checks that the user's next events are about these
// writes. Events about doctors go to everybody.
async function ownFirst(user, inboxes, others) {
  const doctor = await write(user.Access, 'POST', '/api/doctors/', { name: 'Lisa Cuddy' });
  await inboxes.doctors.expect('create', doctor);
  await others.doctors.expect('create', doctor);
  const newborn = await write(user.Access, 'POST', '/api/patients/', { name: 'Newborn', age: 0 });
  await inboxes.patients.expect('create', newborn);
  await inboxes.newborns.expect('create', newborn);
  const mapping = await write(user.Access, 'POST', '/api/mappings/', { patient: newborn.id, doctor: doctor.id });
  await inboxes.mappings.expect('create', mapping);

  // Clean up and consume the events of doing so.
  await write(user.Access, 'DELETE', `/api/patients/${newborn.id}/`);
  await inboxes.patients.expect('delete', newborn);
  await inboxes.newborns.expect('delete', newborn);
  await inboxes.mappings.expect('delete', mapping);
  await write(user.Access, 'DELETE', `/api/doctors/${doctor.id}/`);
  await inboxes.doctors.expect('delete', doctor);
  await others.doctors.expect('delete', doctor);
}

export const checks = {
  'realtime with the token of each login': async () => {
    await deliver(await native(alice), documented(bob));
    await deliver(documented(alice), await native(bob));
  },
};
