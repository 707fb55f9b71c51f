// What writes on the documented API tell those who subscribed.

import assert from 'node:assert/strict';

import { alice, bob, documented, native, write } from './support.mjs';

// An event that has to come comes much sooner.
const patience = 10_000;

// Inbox keeps the events of subscriptions until they are asked for.
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

  // next is the next event, which has to come.
  async next() {
    if (this.#events.length === 0) {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no event came')), patience);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#events.shift();
  }

  // expect is what comes next: an action on this record, as it now is.
  async expect(action, object) {
    const { action: got, record } = await this.next();
    assert.deepEqual([got, record.id], [action, object.id], JSON.stringify(record));
    for (const field of ['name', 'age', 'notes', 'speciality', 'patient', 'doctor', 'created_by']) {
      if (field in object) {
        assert.equal(record[field], object[field], field);
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
  // Of the three writes only the last one made a newborn.
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

  // All of that lies before bob's writes, which must be the first that he sees
  // of patients and mappings; then the other way round.
  await ownFirst(bob, foreign, seen);
  await ownFirst(alice, seen, foreign);
  for (const inbox of [...Object.values(seen), ...Object.values(foreign)]) {
    inbox.empty();
  }
  aliceClient.realtime.unsubscribe();
  bobClient.realtime.unsubscribe();
}

// ownFirst writes as a user, whose next events must be about just that. Doctors
// are everybody's.
async function ownFirst(user, inboxes, others) {
  const doctor = await write(user.Access, 'POST', '/api/doctors/', { name: 'Lisa Cuddy' });
  await inboxes.doctors.expect('create', doctor);
  await others.doctors.expect('create', doctor);
  const newborn = await write(user.Access, 'POST', '/api/patients/', { name: 'Newborn', age: 0 });
  await inboxes.patients.expect('create', newborn);
  await inboxes.newborns.expect('create', newborn);
  const mapping = await write(user.Access, 'POST', '/api/mappings/', { patient: newborn.id, doctor: doctor.id });
  await inboxes.mappings.expect('create', mapping);

  // Leave nothing behind, and no event of it.
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
