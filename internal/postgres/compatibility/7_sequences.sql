-- Numbers for ids. Each collection has a sequence, which nobody waits for. It begins
-- after the number in the table id_sequences, when the first number is taken, and
-- belongs to that table.
CREATE OR REPLACE FUNCTION sqlite.sequence_of(collection pg_catalog.text) RETURNS regclass STABLE
RETURN to_regclass(format('%I.%I', current_schema(), collection || '_id_seq'));

-- The last number that was taken.
CREATE OR REPLACE FUNCTION sqlite.sequence_last(collection pg_catalog.text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN coalesce(pg_catalog.pg_sequence_last_value(sqlite.sequence_of($1)),
    (SELECT s.last FROM id_sequences s WHERE s.collection OPERATOR(pg_catalog.=) $1), 0);
END $$;

CREATE OR REPLACE FUNCTION sqlite.sequence_create(collection pg_catalog.text) RETURNS regclass LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO id_sequences (collection, last) VALUES ($1, 0) ON CONFLICT (collection) DO NOTHING;
  -- Of several that create it, the others wait here.
  PERFORM FROM id_sequences s WHERE s.collection OPERATOR(pg_catalog.=) $1 FOR UPDATE;
  EXECUTE pg_catalog.format('CREATE SEQUENCE IF NOT EXISTS %I.%I AS bigint START WITH %s OWNED BY %I.id_sequences.last', pg_catalog.current_schema(),
    pg_catalog.concat($1, '_id_seq'), sqlite.sequence_last($1) OPERATOR(pg_catalog.+) 1, pg_catalog.current_schema());
  RETURN sqlite.sequence_of($1);
END $$;

CREATE OR REPLACE FUNCTION sqlite.sequence_next(collection pg_catalog.text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN pg_catalog.nextval(coalesce(sqlite.sequence_of(collection), sqlite.sequence_create(collection)));
END $$;

-- Takes all numbers up to a given one. Setting a sequence could take a number back
-- that another session takes at the same time, so the last ones are taken one by one.
CREATE OR REPLACE FUNCTION sqlite.sequence_raise(collection pg_catalog.text, number bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  sequence pg_catalog.regclass := coalesce(sqlite.sequence_of(collection), sqlite.sequence_create(collection));
  reached bigint := sqlite.sequence_last(collection);
BEGIN
  WHILE reached OPERATOR(pg_catalog.<) number LOOP
    IF number OPERATOR(pg_catalog.-) reached OPERATOR(pg_catalog.>) 1000 THEN
      reached := pg_catalog.setval(sequence, number OPERATOR(pg_catalog.-) 1000);
    END IF;
    reached := pg_catalog.nextval(sequence);
  END LOOP;
  RETURN reached;
END $$;
