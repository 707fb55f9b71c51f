// Reads and writes of records under the API rules, with both kinds of token.

import assert from 'node:assert/strict';

import { alice, bob, bothTokens, names, refused } from './support.mjs';

// stranger is an id of no record.
const stranger = '999999999';

export const checks = {
  'patients': bothTokens(async (mine, theirs) => {
    const patients = mine.collection('patients');
    const created = await patients.create({ name: 'John Doe', age: 34, notes: 'Diabetic', created_by: bob.ID });
    assert.equal(created.created_by, alice.ID);
    const { id } = created;
    assert.deepEqual(await patients.getOne(id), created);
    assert.deepEqual(await patients.getFullList(), [created]);

    const updated = await patients.update(id, { name: 'Jane Doe', age: 0 });
    assert.deepEqual(updated, { ...created, name: 'Jane Doe', age: 0 });
    assert.ok((await refused(400, patients.update(id, { created_by: bob.ID }))).created_by);
    assert.deepEqual(await patients.getOne(id), updated);

    const foreign = theirs.collection('patients');
    assert.deepEqual(await foreign.getFullList(), []);
    assert.equal((await foreign.getList(1, 10, { filter: `id = "${id}"` })).totalItems, 0);
    await refused(404, foreign.getFirstListItem('name = "Jane Doe"'));
    for (const missing of [id, stranger]) {
      await refused(404, foreign.getOne(missing));
      await refused(404, foreign.update(missing, { name: 'Mine now' }));
      await refused(404, foreign.delete(missing));
    }
    assert.equal(await patients.delete(id), true);
    await refused(404, patients.getOne(id));
  }),

  'ages': bothTokens(async (mine) => {
    const patients = mine.collection('patients');
    const newborn = await patients.create({ name: 'Newborn', age: 0 });
    assert.equal(newborn.age, 0);
    const form = new FormData();
    form.set('name', 'Newborn');
    form.set('age', '0');
    const fromForm = await patients.create(form);
    assert.equal(fromForm.age, 0);
    assert.equal(fromForm.created_by, alice.ID);
    for (const age of [undefined, null, '', -1, 1.5, 'old']) {
      assert.ok((await refused(400, patients.create({ name: 'John Doe', age }))).age, `age ${age}`);
    }
    await patients.delete(newborn.id);
    await patients.delete(fromForm.id);
  }),

  'doctors': bothTokens(async (mine, theirs) => {
    const doctors = mine.collection('doctors');
    const created = await doctors.create({ name: 'Gregory House', speciality: 'Nephrology', created_by: bob.ID });
    assert.equal(created.created_by, alice.ID);
    const { id } = created;
    const updated = await doctors.update(id, { speciality: 'Diagnostics' });
    assert.deepEqual(updated, { ...created, speciality: 'Diagnostics' });
    assert.ok((await refused(400, doctors.update(id, { created_by: bob.ID }))).created_by);

    // Everybody may read every doctor; only the owner may change it.
    const foreign = theirs.collection('doctors');
    assert.deepEqual(await foreign.getOne(id), updated);
    assert.deepEqual(await foreign.getFullList(), [updated]);
    await refused(404, foreign.update(id, { name: 'Mine now' }));
    await refused(404, foreign.delete(id));
    assert.equal(await doctors.delete(id), true);
    await refused(404, doctors.getOne(id));
  }),

  'mappings': bothTokens(async (mine, theirs) => {
    const patient = await mine.collection('patients').create({ name: 'John Doe', age: 34 });
    const doctor = await theirs.collection('doctors').create({ name: 'Gregory House' });
    const pair = { patient: patient.id, doctor: doctor.id };
    const mappings = mine.collection('mappings');
    const created = await mappings.create({ ...pair, created_by: bob.ID });
    assert.equal(created.created_by, alice.ID);
    assert.deepEqual(await mappings.getFullList(), [created]);
    await refused(400, mappings.create(pair));
    await refused(400, mappings.create({ patient: stranger, doctor: doctor.id }));
    await refused(400, mappings.create({ patient: patient.id, doctor: stranger }));
    await refused(403, mappings.update(created.id, pair));

    const foreign = theirs.collection('mappings');
    assert.deepEqual(await foreign.getFullList(), []);
    await refused(404, foreign.getOne(created.id));
    await refused(404, foreign.delete(created.id));
    await refused(400, foreign.create({ ...pair, created_by: bob.ID }));

    assert.equal(await mappings.delete(created.id), true);
    await mappings.create(pair);
    await mine.collection('patients').delete(patient.id);
    assert.deepEqual(await mappings.getFullList(), []);
    await theirs.collection('doctors').delete(doctor.id);
  }),

  'filters and sort': bothTokens(async (mine, theirs) => {
    const patients = mine.collection('patients');
    const created = [];
    for (const [name, age] of [['Chen', 0], ["O'Neill", 34], ['Adler', 34]]) {
      created.push(await patients.create({ name, age }));
    }
    const foreign = await theirs.collection('patients').create({ name: 'Chen', age: 34 });

    const list = async (options) => names(await patients.getFullList(options));
    assert.deepEqual(await list({ filter: 'age = 0' }), ['Chen']);
    assert.deepEqual(await list({ filter: mine.filter('name = {:name}', { name: "O'Neill" }) }), ["O'Neill"]);
    assert.deepEqual(await list({ filter: 'created_by.name ~ "alice" && age > 0', sort: 'name' }), ['Adler', "O'Neill"]);
    assert.deepEqual(await list({ sort: 'age,-name' }), ['Chen', "O'Neill", 'Adler']);
    assert.deepEqual(await list({ sort: '-created_at', filter: 'age = 34' }), ['Adler', "O'Neill"]);
    const first = await patients.getFirstListItem('name = "Chen"');
    assert.equal(first.id, created[0].id);

    await theirs.collection('patients').delete(foreign.id);
    for (const { id } of created) {
      await patients.delete(id);
    }
  }),

  'expanded relations': bothTokens(async (mine, theirs) => {
    const patient = await mine.collection('patients').create({ name: 'John Doe', age: 34 });
    const other = await theirs.collection('patients').create({ name: 'Not for alice', age: 5 });
    const doctor = await mine.collection('doctors').create({ name: 'Gregory House' });
    const mapping = await mine.collection('mappings').create({ patient: patient.id, doctor: doctor.id });
    await theirs.collection('mappings').create({ patient: other.id, doctor: doctor.id });

    const [forward] = await mine.collection('mappings').getFullList({ expand: 'patient,doctor' });
    assert.deepEqual(forward.expand, { patient, doctor });

    const [back] = await mine.collection('patients').getFullList({ expand: 'mappings_via_patient.doctor' });
    assert.deepEqual(back.expand, { mappings_via_patient: [{ ...mapping, expand: { doctor } }] });

    // The doctor has two patients; each user sees only their own.
    const [shared] = await mine.collection('doctors').getFullList({ expand: 'mappings_via_doctor.patient' });
    assert.deepEqual(shared.expand, { mappings_via_doctor: [{ ...mapping, expand: { patient } }] });

    await mine.collection('patients').delete(patient.id);
    await theirs.collection('patients').delete(other.id);
    await mine.collection('doctors').delete(doctor.id);
  }),

  'pages': bothTokens(async (mine, theirs) => {
    const patients = mine.collection('patients');
    const all = ['Adler', 'Baker', 'Chen', 'Diaz', 'Evans'];
    const created = [];
    for (const name of all) {
      created.push(await patients.create({ name, age: 34 }));
    }
    const page = await patients.getList(1, 2, { sort: 'name' });
    assert.deepEqual(names(page.items), ['Adler', 'Baker']);
    assert.deepEqual([page.page, page.perPage, page.totalItems, page.totalPages], [1, 2, 5, 3]);
    assert.deepEqual(names((await patients.getList(3, 2, { sort: 'name' })).items), ['Evans']);
    assert.deepEqual((await patients.getList(4, 2)).items, []);
    assert.deepEqual(names(await patients.getFullList({ batch: 2, sort: 'name' })), all);
    assert.equal((await theirs.collection('patients').getList(1, 2)).totalItems, 0);
    for (const { id } of created) {
      await patients.delete(id);
    }
  }),
};
