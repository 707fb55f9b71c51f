-- Comparisons between values of different types, as SQLite makes them after it
-- has applied the columns' affinities. The functions are single expressions, so
-- that the planner puts them in place of the call and finds the indexes.
DO $build$
DECLARE
  comparison record;
  operands record;
  body pg_catalog.text;
  function_name pg_catalog.text;
  left_side pg_catalog.text;
  right_side pg_catalog.text;
BEGIN
  FOR comparison IN SELECT * FROM (VALUES ('=', 'eq'), ('<>', 'ne'), ('<', 'lt'), ('<=', 'le'), ('>', 'gt'), ('>=', 'ge')) AS c(symbol, name) LOOP
    FOR operands IN SELECT * FROM (VALUES
        ('double precision', 'pg_catalog.text'), ('pg_catalog.text', 'double precision'),
        ('boolean', 'pg_catalog.text'), ('pg_catalog.text', 'boolean'),
        ('boolean', 'double precision'), ('double precision', 'boolean'),
        ('sqlite.value', 'sqlite.value'), ('sqlite.value', 'pg_catalog.text'), ('pg_catalog.text', 'sqlite.value'),
        ('sqlite.value', 'double precision'), ('double precision', 'sqlite.value'),
        ('sqlite.value', 'boolean'), ('boolean', 'sqlite.value')) AS o(l, r) LOOP
      left_side := CASE operands.l WHEN 'boolean' THEN '(a::integer::double precision)' ELSE 'a' END;
      right_side := CASE operands.r WHEN 'boolean' THEN '(b::integer::double precision)' ELSE 'b' END;
      IF operands.l = operands.r THEN
        body := format('pg_catalog.record_%s(a, b)', comparison.name);
      ELSIF 'sqlite.value' IN (operands.l, operands.r) AND 'pg_catalog.text' IN (operands.l, operands.r) THEN
        -- A text is equal to a number if they are written alike: the other side
        -- may be a text column.
        body := CASE WHEN comparison.symbol IN ('=', '<>')
          THEN format('%s %s %s', CASE operands.l WHEN 'sqlite.value' THEN '(a).text' ELSE 'a' END, comparison.symbol, CASE operands.r WHEN 'sqlite.value' THEN '(b).text' ELSE 'b' END)
          ELSE format('pg_catalog.record_%s(sqlite.dynamic(a), sqlite.dynamic(b))', comparison.name) END;
      ELSIF 'sqlite.value' IN (operands.l, operands.r) THEN
        body := format('%s %s %s', CASE operands.l WHEN 'sqlite.value' THEN '(a).number' ELSE left_side END, comparison.symbol, CASE operands.r WHEN 'sqlite.value' THEN '(b).number' ELSE right_side END);
      ELSIF operands.r = 'pg_catalog.text' AND comparison.symbol = '=' THEN
        body := format('coalesce(%s = sqlite.parse_number(b), b IS NULL AND NULL)', left_side);
      ELSIF operands.l = 'pg_catalog.text' THEN
        body := format('a %s sqlite.to_text(b)', comparison.symbol);
      ELSIF operands.r = 'pg_catalog.text' THEN
        -- A number is less than a text that is no number.
        body := format('CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN sqlite.parse_number(b) IS NULL THEN %s ELSE %s %s sqlite.parse_number(b) END',
          (comparison.symbol IN ('<', '<=', '<>'))::pg_catalog.text, left_side, comparison.symbol);
      ELSE
        body := format('%s %s %s', left_side, comparison.symbol, right_side);
      END IF;
      function_name := comparison.name || '_' || replace(replace(replace(operands.l || '_' || operands.r, 'pg_catalog.', ''), 'sqlite.', ''), ' ', '_');
      EXECUTE format('CREATE FUNCTION sqlite.%I(a %s, b %s) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN %s', function_name, operands.l, operands.r, body);
      EXECUTE format('CREATE OPERATOR sqlite.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = sqlite.%I)', comparison.symbol, operands.l, operands.r, function_name);
    END LOOP;
  END LOOP;
END $build$;

-- COALESCE over two types gives the type that holds both.
CREATE FUNCTION sqlite."coalesce"(a anycompatible, b anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT COALESCE(a, b)';
DO $build$
DECLARE
  pair record;
BEGIN
  FOR pair IN SELECT * FROM (VALUES
      ('pg_catalog.text', 'pg_catalog.text', 'pg_catalog.text', 'a', 'b'),
      ('double precision', 'double precision', 'double precision', 'a', 'b'),
      ('boolean', 'boolean', 'boolean', 'a', 'b'),
      ('sqlite.value', 'sqlite.value', 'sqlite.value', 'a', 'b'),
      ('sqlite.value', 'pg_catalog.text', 'pg_catalog.text', 'sqlite.to_text(a)', 'b'),
      ('pg_catalog.text', 'sqlite.value', 'pg_catalog.text', 'a', 'sqlite.to_text(b)'),
      ('sqlite.value', 'double precision', 'sqlite.value', 'a', 'sqlite.dynamic(b)'),
      ('double precision', 'sqlite.value', 'sqlite.value', 'sqlite.dynamic(a)', 'b'),
      ('double precision', 'pg_catalog.text', 'pg_catalog.text', 'sqlite.to_text(a)', 'b'),
      ('boolean', 'pg_catalog.text', 'pg_catalog.text', 'sqlite.to_text(a)', 'b'),
      ('pg_catalog.text', 'double precision', 'pg_catalog.text', 'a', 'sqlite.to_text(b)'),
      ('pg_catalog.text', 'boolean', 'pg_catalog.text', 'a', 'sqlite.to_text(b)'),
      ('boolean', 'double precision', 'double precision', 'a::integer::double precision', 'b'),
      ('double precision', 'boolean', 'double precision', 'a', 'b::integer::double precision'),
      ('sqlite.value', 'boolean', 'sqlite.value', 'a', 'sqlite.dynamic(b)'),
      ('boolean', 'sqlite.value', 'sqlite.value', 'sqlite.dynamic(a)', 'b')) AS p(l, r, result, first, second) LOOP
    EXECUTE format('CREATE FUNCTION sqlite."coalesce"(a %s, b %s) RETURNS %s IMMUTABLE PARALLEL SAFE RETURN COALESCE(%s, %s)', pair.l, pair.r, pair.result, pair.first, pair.second);
  END LOOP;
END $build$;
