-- SQLite's catalog, for the schema that stands for the file.

-- The original names of those that were too long for PostgreSQL.
CREATE TABLE IF NOT EXISTS sqlite.long_names (short pg_catalog.text COLLATE "C" PRIMARY KEY, long pg_catalog.text COLLATE "C" NOT NULL);

CREATE OR REPLACE FUNCTION sqlite.original_name(name pg_catalog.text) RETURNS pg_catalog.text STABLE
RETURN coalesce((SELECT l.long FROM sqlite.long_names l WHERE l.short = name), name);

-- The comment of a column is its declared type and, on the next line, its
-- default as written.
CREATE OR REPLACE FUNCTION sqlite.pragma_table_info(table_name pg_catalog.text)
RETURNS TABLE(cid bigint, name pg_catalog.text, type pg_catalog.text, "notnull" bigint, dflt_value pg_catalog.text, pk bigint) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT row_number() OVER (ORDER BY a.attnum) - 1, sqlite.original_name(a.attname::pg_catalog.text),
    CASE
      WHEN col_description(c.oid, a.attnum) IS NOT NULL THEN split_part(col_description(c.oid, a.attnum), E'\n', 1)
      -- An expression has no type in SQLite. A column's text has another
      -- collation.
      WHEN c.relkind = 'v' AND t.typname = 'text' AND a.attcollation = '"default"'::regcollation THEN ''
      WHEN t.typtype = 'd' THEN t.typname::pg_catalog.text
      ELSE CASE t.typname WHEN 'bool' THEN 'BOOLEAN' WHEN 'int8' THEN 'INTEGER' WHEN 'int4' THEN 'INTEGER' WHEN 'float8' THEN 'REAL' WHEN 'bytea' THEN 'BLOB' WHEN 'value' THEN '' ELSE pg_catalog.upper(t.typname::pg_catalog.text) END
    END,
    a.attnotnull::integer::bigint,
    nullif(substr(col_description(c.oid, a.attnum), strpos(col_description(c.oid, a.attnum), E'\n') + 1), ''),
    coalesce((SELECT array_position(i.indkey::smallint[], a.attnum) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), -1)::bigint + 1
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'p', 'm')
    AND pg_catalog.lower(sqlite.original_name(c.relname::pg_catalog.text)) = pg_catalog.lower(table_name)
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> '_rowid_'
  ORDER BY a.attnum;
END;

-- A default as in a definition. Anything but a single token needs parentheses;
-- "text" must not have them, or SQLite reads it as a column.
CREATE OR REPLACE FUNCTION sqlite.default_clause(value pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE
RETURN CASE WHEN value ~ $pattern$^("[^"]*"|'([^']|'')*'|[-+]?[0-9.]+([eE][-+]?[0-9]+)?|[A-Za-z_]+)$$pattern$ THEN value ELSE '(' || value || ')' END;

-- The comment of a view or an index is the statement that created it. A view's
-- rule has another comment if the statement puts texts in double quotes: the
-- statement with single quotes.
CREATE OR REPLACE VIEW sqlite.sqlite_master AS
SELECT CASE c.relkind WHEN 'i' THEN 'index' WHEN 'v' THEN 'view' ELSE 'table' END AS type,
  sqlite.original_name(c.relname::pg_catalog.text) AS name,
  sqlite.original_name(coalesce(t.relname, c.relname)::pg_catalog.text) AS tbl_name,
  0::bigint AS rootpage,
  CASE c.relkind
    WHEN 'r' THEN 'CREATE TABLE `' || sqlite.original_name(c.relname::pg_catalog.text) || '` (' || (
      SELECT string_agg('`' || p.name || '` ' || p.type || coalesce(' DEFAULT ' || sqlite.default_clause(p.dflt_value), '') || CASE p."notnull" WHEN 1 THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY p.cid)
      FROM sqlite.pragma_table_info(sqlite.original_name(c.relname::pg_catalog.text)) p) || coalesce((
      SELECT string_agg(', ' || CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END || ' (' || (
        SELECT string_agg('`' || sqlite.original_name(a.attname::pg_catalog.text) || '`', ', ' ORDER BY array_position(k.conkey, a.attnum))
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)) || ')', '' ORDER BY k.contype, k.oid)
      FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u')), '') || ')'
    ELSE obj_description(c.oid, 'pg_class')
  END AS sql
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'i')
ORDER BY c.oid;
CREATE OR REPLACE VIEW sqlite.sqlite_schema AS SELECT * FROM sqlite.sqlite_master;

-- The index of a table's row ids. It has no comment, because SQLite has no such
-- index.
CREATE OR REPLACE FUNCTION sqlite.index_row_ids(relation regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attname = '_rowid_'
      WHERE i.indrelid = relation AND i.indkey[0] = a.attnum AND i.indpred IS NULL) THEN
    EXECUTE pg_catalog.format('CREATE INDEX ON %s (_rowid_)', relation);
  END IF;
END $$;
DO $$
BEGIN
  PERFORM sqlite.index_row_ids(c.oid) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = '_rowid_'
    WHERE c.relkind = 'r';
END $$;

-- SQLite resolves views when they are used: a table that they read may be
-- dropped and created again. Meanwhile they are kept in this table.
CREATE TABLE IF NOT EXISTS sqlite.parked_views (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schema pg_catalog.text NOT NULL DEFAULT current_schema(),
  name pg_catalog.text NOT NULL,
  definition pg_catalog.text NOT NULL
);

CREATE OR REPLACE FUNCTION sqlite.park_views(relation pg_catalog.text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  dependent record;
BEGIN
  DELETE FROM sqlite.parked_views v WHERE v.schema OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.text AND v.name OPERATOR(pg_catalog.=) relation;
  FOR dependent IN
    WITH RECURSIVE dependents(oid, level) AS (
      SELECT c.oid, 0 FROM pg_catalog.pg_class c
        WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relname OPERATOR(pg_catalog.=) relation::pg_catalog.name AND c.relkind IN ('r', 'v')
      UNION
      SELECT r.ev_class, d.level OPERATOR(pg_catalog.+) 1 FROM dependents d
        JOIN pg_catalog.pg_depend p ON p.refobjid OPERATOR(pg_catalog.=) d.oid AND p.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        JOIN pg_catalog.pg_rewrite r ON r.oid OPERATOR(pg_catalog.=) p.objid
        WHERE r.ev_class OPERATOR(pg_catalog.<>) d.oid AND d.level OPERATOR(pg_catalog.<) 50
    )
    SELECT c.relname, pg_catalog.max(d.level) AS level, coalesce((SELECT pg_catalog.obj_description(r.oid, 'pg_rewrite') FROM pg_catalog.pg_rewrite r WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid AND r.rulename OPERATOR(pg_catalog.=) '_RETURN'), pg_catalog.obj_description(c.oid, 'pg_class')) AS definition
      FROM dependents d JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) d.oid WHERE d.level OPERATOR(pg_catalog.>) 0
      GROUP BY c.oid, c.relname ORDER BY 2
  LOOP
    INSERT INTO sqlite.parked_views (name, definition) VALUES (dependent.relname, dependent.definition);
    EXECUTE pg_catalog.format('DROP VIEW IF EXISTS %I.%I CASCADE', pg_catalog.current_schema(), dependent.relname);
  END LOOP;
END $$;
