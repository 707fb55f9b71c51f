package counts

// postgresTable has several rows for a count, so that no two writers wait for each
// other. Its function adds those of an owner up, except those that another is adding
// up.
var postgresTable = []string{
	`CREATE TABLE record_counts (
		source text COLLATE "C" NOT NULL,
		owner  text COLLATE "C" NOT NULL,
		kind   text COLLATE "C" NOT NULL,
		bucket text COLLATE "C" NOT NULL,
		number bigint NOT NULL
	)`,
	"CREATE INDEX record_counts_bucket ON record_counts (source, owner, kind, bucket)",
	`CREATE FUNCTION record_counts_merge(of_source text, of_owner text) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
		WITH taken AS (
			DELETE FROM record_counts WHERE ctid = ANY (ARRAY(
				SELECT ctid FROM record_counts WHERE source = of_source AND owner = of_owner FOR UPDATE SKIP LOCKED
			)) RETURNING kind, bucket, number
		)
		INSERT INTO record_counts SELECT of_source, of_owner, kind, bucket, sum(number) FROM taken GROUP BY kind, bucket HAVING sum(number) <> 0
	$$`,
}

// postgresStatements count all records of a statement together.
var postgresStatements = []string{
	function("insert", changed("added")),
	function("delete", changed("removed")),
	function("update", changed("added")+" UNION ALL "+changed("removed")),
	trigger("insert", "NEW TABLE AS added"), trigger("delete", "OLD TABLE AS removed"), trigger("update", "OLD TABLE AS removed NEW TABLE AS added"),
	"INSERT INTO record_counts $all",
}

// changed returns the query of what the rows of a table of changed rows count.
func changed(table string) string {
	return "SELECT c.* FROM " + table + ", LATERAL (VALUES $" + table + ") AS c (source, owner, kind, bucket, number)"
}

func trigger(event, tables string) string {
	return "CREATE TRIGGER record_counts_${table}_" + event + " AFTER " + event + " ON $table REFERENCING " + tables +
		" FOR EACH STATEMENT EXECUTE FUNCTION record_counts_${table}_" + event + "()"
}

// function returns the definition of a trigger's function, which adds the counts of
// the changed rows. In one of many writes it merges those that their owners have.
func function(event, changes string) string {
	return "CREATE FUNCTION record_counts_${table}_" + event + `() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
	INSERT INTO record_counts SELECT source, owner, kind, bucket, sum(number) FROM (` + changes + `) AS counted
		GROUP BY source, owner, kind, bucket HAVING sum(number) <> 0;
	IF pg_catalog.random() < 0.02 THEN
		PERFORM record_counts_merge('$table', owner) FROM (SELECT DISTINCT owner FROM (` + changes + `) AS counted) AS owners;
	END IF;
	RETURN NULL;
END $body$`
}

var postgresRemovals = []string{
	"DROP TRIGGER IF EXISTS record_counts_${table}_insert ON $table", "DROP TRIGGER IF EXISTS record_counts_${table}_delete ON $table",
	"DROP TRIGGER IF EXISTS record_counts_${table}_update ON $table",
	"DROP FUNCTION IF EXISTS record_counts_${table}_insert", "DROP FUNCTION IF EXISTS record_counts_${table}_delete",
	"DROP FUNCTION IF EXISTS record_counts_${table}_update", "DROP FUNCTION IF EXISTS record_counts_merge",
}
