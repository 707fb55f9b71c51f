package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/collections"
	"carebase/internal/postgres/translate"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// fill makes 2,000 users, 200 of them with 100 records in every table, and superusers.
const fill = `
INSERT INTO data.users (id, email, password, "tokenKey", verified) SELECT 'u' || u, 'u' || u || '@example.com', 'x', 'k' || u, false FROM generate_series(1, 2000) u;
INSERT INTO data._superusers (id, email, password, "tokenKey", verified) SELECT 's' || u, 's' || u || '@example.com', 'x', 'k' || u, true FROM generate_series(1, 500) u;
INSERT INTO data.patients (id, name, age, created_by, created_at) SELECT 'p' || u || '-' || i, 'n', 1, 'u' || u, '2026-01-01 00:00:' || i FROM generate_series(1, 200) u, generate_series(1, 100) i;
INSERT INTO data.patient_changes SELECT id, created_by, created_at FROM data.patients;
INSERT INTO data.doctors (id, name, speciality, created_by, created_at) SELECT 'd' || u || '-' || i, 'n', 's', 'u' || u, '2026-01-01 00:00:' || i FROM generate_series(1, 200) u, generate_series(1, 100) i;
INSERT INTO data.mappings (id, patient, doctor, created_by, created_at) SELECT 'm' || u || '-' || i, 'p' || u || '-' || i, 'd' || u || '-' || i, 'u' || u, '2026-01-01 00:00:' || i FROM generate_series(1, 200) u, generate_series(1, 100) i;
INSERT INTO data.blacklisted_tokens (id, jti, expires_at) SELECT 'b' || i, 'j' || i, to_char(now() + i * interval '1 minute', 'YYYY-MM-DD HH24:MI:SS') FROM generate_series(1, 20000) i;
INSERT INTO data.audit_log (id, subject, hash, event) SELECT 'e' || i, 'p' || i, 'h', '{"id":"e","recorded_at":"2026-01-01T00:00:00.' || lpad((i % 1000)::text, 3, '0') || 'Z","records":"r","patient":"p"}' FROM generate_series(1, 20000) i;
INSERT INTO data.audit_record_sets (id, day, records) SELECT 's' || i, 'd', 'r' FROM generate_series(1, 20000) i;
ANALYZE`

// TestListsUseTheirIndexesOnPostgreSQL asks PostgreSQL how it answers what the
// documented API asks: without sorting, and without a look at other people's
// rows.
func TestListsUseTheirIndexesOnPostgreSQL(t *testing.T) {
	testpostgres.Choose(t)
	url, _ := testapp.PostgreSQL(testapp.NewApp(t, testapp.Default()))
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = "data, sqlite, pg_catalog"
	connection, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(t.Context())
	if _, err := connection.Exec(t.Context(), fill).ReadAll(); err != nil {
		t.Fatal(err)
	}
	const assignment = collections.AssignmentClass + ", " + collections.AssignmentPlace + ", id"
	for _, test := range []struct {
		query, index string
		arguments    []string
	}{
		{`SELECT name FROM patients WHERE created_by = ? ORDER BY created_at DESC, length(id) DESC, id DESC LIMIT 30`, "idx_patients_owner", []string{"u1"}},
		{"SELECT `patients`.* FROM `patients` WHERE ('users' = 'users' AND `patients`.`created_by` = ?) ORDER BY `patients`.`created_at` DESC LIMIT 30", "idx_patients_owner", []string{"u1"}},
		{"SELECT `users`.* FROM `users` WHERE `users`.`id` = ? LIMIT 1", "users_pkey", []string{"u1"}},
		{`SELECT name FROM doctors WHERE created_by = ? ORDER BY created_at DESC, length(id) DESC, id DESC LIMIT 30`, "idx_doctors_owner", []string{"u1"}},
		{`SELECT name FROM doctors ORDER BY created_at DESC, length(id) DESC, id DESC LIMIT 30`, "idx_doctors_created", nil},
		{`SELECT id FROM mappings WHERE created_by = ? ORDER BY ` + assignment + ` LIMIT 30`, "idx_mappings_owner", []string{"u1"}},
		{`SELECT id FROM mappings WHERE created_by = ? AND patient = ? ORDER BY ` + assignment + ` LIMIT 30`, "idx_mappings_patient", []string{"u1", "p1-1"}},
		{`SELECT name FROM patients WHERE created_by = ? ORDER BY length(id), id LIMIT 30`, "idx_patients_number", []string{"u1"}},
		{"SELECT `patients`.* FROM `patients` WHERE `patients`.`created_by` = ? ORDER BY length(`patients`.`id`) DESC, `patients`.`id` DESC LIMIT 30", "idx_patients_number", []string{"u1"}},
		{`SELECT name FROM doctors ORDER BY length(id), id LIMIT 30`, "idx_doctors_number", nil},
		{`SELECT id FROM mappings WHERE created_by = ? ORDER BY length(id), id LIMIT 30`, "idx_mappings_number", []string{"u1"}},
		{`SELECT id FROM mappings WHERE doctor = ?`, "idx_mappings_doctor", []string{"d1-1"}},
		{`SELECT name FROM patients WHERE created_by = ? ORDER BY name ASC, created_at ASC, length(id) ASC, id ASC LIMIT 30`, "idx_patients_name", []string{"u1"}},
		{`SELECT name FROM patients WHERE created_by = ? ORDER BY name DESC, created_at DESC, length(id) DESC, id DESC LIMIT 30`, "idx_patients_name", []string{"u1"}},
		{`SELECT name FROM patients WHERE created_by = ? ORDER BY age DESC, created_at DESC, length(id) DESC, id DESC LIMIT 30`, "idx_patients_age", []string{"u1"}},
		{`SELECT name FROM doctors ORDER BY name ASC, created_at ASC, length(id) ASC, id ASC LIMIT 30`, "idx_doctors_name", nil},
		{`SELECT name FROM doctors WHERE created_by = ? ORDER BY speciality ASC, created_at ASC, length(id) ASC, id ASC LIMIT 30`, "idx_doctors_owner_speciality", []string{"u1"}},
		{`SELECT id FROM mappings WHERE created_by = ? ORDER BY assigned_at ASC, created_at ASC, length(id) ASC, id ASC LIMIT 30`, "idx_mappings_assigned", []string{"u1"}},
		{"SELECT `audit_events`.* FROM `audit_events` ORDER BY `audit_events`.`recorded_at` DESC LIMIT 40", "idx_audit_log_recorded", nil},
		{"SELECT `patients`.* FROM `patients` ORDER BY `patients`.`_rowid_` DESC LIMIT 40", "patients__rowid__idx", nil},
		{`SELECT _rowid_ FROM patients WHERE search_contains(created_by, ?, ?, name, notes) LIMIT 5001`, "patients_search", []string{"u1", "müller"}},
		{`SELECT patient, changed_at FROM patient_changes WHERE owner = ? ORDER BY changed_at DESC LIMIT 10`, "patient_changes_owner", []string{"u1"}},
		{`SELECT count(*) FROM patients WHERE created_by = ?`, "idx_patients_", []string{"u1"}},
		{`SELECT * FROM patients WHERE id = ? AND created_by = ?`, "patients_pkey", []string{"p1-1", "u1"}},
		{`SELECT count(*) FROM users WHERE email = ? COLLATE NOCASE`, "idx_users_email", []string{"U1@example.com"}},
		{`SELECT count(*) FROM users WHERE lower(email) = ?`, "idx_users_email", []string{"u1@example.com"}},
		{`SELECT count(*) FROM blacklisted_tokens WHERE jti = ?`, "idx_blacklisted_tokens_jti", []string{"j1"}},
		{`DELETE FROM blacklisted_tokens WHERE expires_at <= ?`, "idx_blacklisted_tokens_expiry", []string{"2020"}},
	} {
		if plan := explain(t, connection, test.query, test.arguments); !strings.Contains(plan, test.index) || strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s: want %s, got\n%s", test.query, test.index, plan)
		}
	}
}

// textType is the type in which the driver sends texts.
const textType = 25

func explain(t *testing.T, connection *pgconn.PgConn, query string, arguments []string) string {
	t.Helper()
	statements, err := translate.Translate(query)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]byte, len(arguments))
	for i, argument := range arguments {
		values[i] = []byte(argument)
	}
	types := slices.Repeat([]uint32{textType}, len(arguments))
	result := connection.ExecParams(t.Context(), "EXPLAIN (COSTS OFF) "+statements[0].SQL, values, types, nil, nil).Read()
	if result.Err != nil {
		t.Fatalf("%s: %v", statements[0].SQL, result.Err)
	}
	var plan strings.Builder
	for _, row := range result.Rows {
		plan.Write(row[0])
		plan.WriteByte('\n')
	}
	return plan.String()
}
