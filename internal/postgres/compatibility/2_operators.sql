-- Comparisons between values of different types, with the results that SQLite's
-- affinities give:
--
--   =  <  ...   a column on the left and a value without affinity on the right;
--   ##<  ...    two columns, where a number's affinity takes precedence;
--   @@=  @@<    two values without affinity: a number is less than a text.
--
-- The functions are single expressions, so that the planner inlines them and
-- finds the indexes.
DO $build$
DECLARE
  operation record;
  body pg_catalog.text;
  function_name pg_catalog.text;
  sides pg_catalog.text[];
  types pg_catalog.text[];
  kinds pg_catalog.text[];
  other pg_catalog.text;
  has_affinity boolean;
BEGIN
  FOR operation IN
    SELECT * FROM (VALUES ('column', ''), ('columns', '##'), ('values', '@@')) AS f(family, prefix)
      CROSS JOIN (VALUES ('=', 'eq'), ('<>', 'ne'), ('<', 'lt'), ('<=', 'le'), ('>', 'gt'), ('>=', 'ge')) AS c(comparison, name)
      CROSS JOIN (SELECT l, r FROM unnest(ARRAY['pg_catalog.text', 'double precision', 'boolean', 'sqlite.value']) AS l CROSS JOIN unnest(ARRAY['pg_catalog.text', 'double precision', 'boolean', 'sqlite.value']) AS r
        UNION ALL VALUES ('pg_catalog.text', 'bigint'), ('pg_catalog.text', 'integer'), ('bigint', 'bigint'), ('pg_catalog.bytea', 'pg_catalog.bytea')) AS o
  LOOP
    types := ARRAY[operation.l, operation.r];
    -- PostgreSQL has its own for a column and a value of one type.
    CONTINUE WHEN operation.family = 'column' AND operation.l = operation.r AND operation.l <> 'sqlite.value';
    CONTINUE WHEN operation.family <> 'column' AND operation.r IN ('bigint', 'integer') AND operation.l <> operation.r;
    kinds := ARRAY(SELECT CASE t WHEN 'pg_catalog.text' THEN 'text' WHEN 'sqlite.value' THEN 'value' WHEN 'pg_catalog.bytea' THEN 'bytes' ELSE 'number' END FROM unnest(types) WITH ORDINALITY AS u(t, n) ORDER BY n);
    sides := ARRAY['a', 'b'];
    IF kinds = ARRAY['value', 'value'] OR 'value' = ANY (kinds) AND 'text' = ANY (kinds) AND (operation.family = 'values' OR operation.family = 'column' AND kinds[1] = 'value') THEN
      body := format('pg_catalog.record_%s(%s, %s)', operation.name, CASE kinds[1] WHEN 'text' THEN 'sqlite.dynamic(a)' ELSE 'a' END, CASE kinds[2] WHEN 'text' THEN 'sqlite.dynamic(b)' ELSE 'b' END);
    ELSE
      FOR i IN 1 .. 2 LOOP
        other := kinds[3 - i];
        -- Whether the other side has an affinity that this one takes on.
        has_affinity := operation.family = 'columns' OR operation.family = 'column' AND i = 2;
        sides[i] := CASE
          WHEN types[i] = 'boolean' AND NOT (other = 'text' AND operation.family = 'column' AND i = 2) THEN format('%s::integer::double precision', sides[i])
          WHEN kinds[i] = 'number' AND other = 'text' AND operation.family = 'column' AND i = 2 THEN 'sqlite.parameter_text(b' || CASE types[2] WHEN 'integer' THEN '::bigint)' ELSE ')' END
          WHEN kinds[i] = 'value' AND other = 'text' THEN format('(%s).text', sides[i])
          WHEN kinds[i] = 'value' AND has_affinity THEN format('sqlite.with_numeric_affinity(%s)', sides[i])
          WHEN kinds[i] = 'value' THEN format('(%s).number', sides[i])
          WHEN kinds[i] = 'text' AND other = 'number' AND has_affinity THEN format('sqlite.with_numeric_affinity(%s)', sides[i])
          WHEN kinds[i] = 'text' AND other = 'number' AND operation.family = 'values' THEN format('(CASE WHEN %s IS NOT NULL THEN ''NaN''::double precision END)', sides[i])
          ELSE sides[i]
        END;
      END LOOP;
      body := format('%s %s %s', sides[1], operation.comparison, sides[2]);
      IF kinds[1] = 'text' AND (operation.family = 'column' OR kinds[2] <> 'number') OR kinds = ARRAY['value', 'text'] THEN
        body := format('%s COLLATE "C" %s %s', sides[1], operation.comparison, sides[2]);
      END IF;
    END IF;
    function_name := CASE operation.family WHEN 'column' THEN '' ELSE operation.family || '_' END || operation.name || '_' || replace(replace(replace(operation.l || '_' || operation.r, 'pg_catalog.', ''), 'sqlite.', ''), ' ', '_');
    EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.%I(a %s, b %s) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN %s', function_name, operation.l, operation.r, body);
    IF to_regoperator(format('sqlite.%s(%s,%s)', operation.prefix || operation.comparison, operation.l, operation.r)) IS NULL THEN
      EXECUTE format('CREATE OPERATOR sqlite.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = sqlite.%I)', operation.prefix || operation.comparison, operation.l, operation.r, function_name);
    END IF;
  END LOOP;
END $build$;

-- COALESCE of two types has a type that holds both.
CREATE OR REPLACE FUNCTION sqlite.ifnull(a anycompatible, b anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT COALESCE(a, b)';
DO $build$
DECLARE
  l pg_catalog.text;
  r pg_catalog.text;
BEGIN
  FOR l, r IN
    SELECT t, u FROM unnest(ARRAY['pg_catalog.text', 'double precision', 'boolean', 'sqlite.value']) AS t CROSS JOIN unnest(ARRAY['pg_catalog.text', 'double precision', 'boolean', 'sqlite.value']) AS u
  LOOP
    EXECUTE CASE
      WHEN l = r THEN format('CREATE OR REPLACE FUNCTION sqlite.ifnull(a %1$s, b %1$s) RETURNS %1$s IMMUTABLE PARALLEL SAFE RETURN COALESCE(a, b)', l)
      WHEN l IN ('boolean', 'double precision') AND r IN ('boolean', 'double precision') THEN
        format('CREATE OR REPLACE FUNCTION sqlite.ifnull(a %s, b %s) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN COALESCE(sqlite.number(a), sqlite.number(b))', l, r)
      ELSE format('CREATE OR REPLACE FUNCTION sqlite.ifnull(a %s, b %s) RETURNS sqlite.value IMMUTABLE PARALLEL SAFE RETURN COALESCE(sqlite.dynamic(a), sqlite.dynamic(b))', l, r)
    END;
  END LOOP;
END $build$;
