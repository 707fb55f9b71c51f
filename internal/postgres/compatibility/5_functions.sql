-- SQLite's other functions. They return NULL where PostgreSQL's would fail.
CREATE OR REPLACE FUNCTION sqlite.divide(a double precision, b double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN b = 0 THEN NULL WHEN a = trunc(a) AND b = trunc(b) THEN trunc(a / b) ELSE a / b END;
CREATE OR REPLACE FUNCTION sqlite.divide_real(a double precision, b double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN b <> 0 THEN a / b END;
-- Whether a text begins with a real number, which is not divided as an integer.
CREATE OR REPLACE FUNCTION sqlite.is_real(v pg_catalog.text) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN coalesce(v ~ '^\s*[-+]?(\d+\.|\.\d|\d+[eE][-+]?\d)', false);
CREATE OR REPLACE FUNCTION sqlite.is_real(v double precision) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN false;
CREATE OR REPLACE FUNCTION sqlite.is_real(v boolean) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN false;
CREATE OR REPLACE FUNCTION sqlite.is_real(v sqlite.value) RETURNS boolean IMMUTABLE PARALLEL SAFE RETURN (v).rank = 2 AND sqlite.is_real((v).text);
DO $build$
DECLARE
  l pg_catalog.text;
  r pg_catalog.text;
BEGIN
  FOR l, r IN
    SELECT t, u FROM unnest(ARRAY['pg_catalog.text', 'double precision', 'boolean', 'sqlite.value']) AS t CROSS JOIN unnest(ARRAY['pg_catalog.text', 'double precision', 'boolean', 'sqlite.value']) AS u
    WHERE t <> 'double precision' OR u <> 'double precision'
  LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.divide(a %s, b %s) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN sqlite.is_real(a) OR sqlite.is_real(b) THEN sqlite.divide_real(sqlite.number(a), sqlite.number(b)) ELSE sqlite.divide(sqlite.number(a), sqlite.number(b)) END', l, r);
  END LOOP;
END $build$;
CREATE OR REPLACE FUNCTION sqlite.remainder_real(a double precision, b double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN b <> 0 THEN a - b * trunc(a / b) END;
CREATE OR REPLACE FUNCTION sqlite.remainder(a double precision, b double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.remainder_real(trunc(a), trunc(b));
CREATE OR REPLACE FUNCTION sqlite.remainder(a pg_catalog.text, b double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN sqlite.remainder(sqlite.number(a), b);
-- Rounds what is stored: 2.675 is a little less than that, and becomes 2.67. The
-- conversion to numeric has 15 digits, which only a half may be too few for: then the
-- mantissa is compared with the half, times the power of two.
CREATE OR REPLACE FUNCTION sqlite.mantissa(bits bigint) RETURNS numeric IMMUTABLE PARALLEL SAFE RETURN ((bits & 4503599627370495) + 4503599627370496)::numeric;
CREATE OR REPLACE FUNCTION sqlite.is_less(bits bigint, v numeric) RETURNS boolean IMMUTABLE PARALLEL SAFE
RETURN sqlite.mantissa(bits) < v * pg_catalog.power(2::numeric, 1075 - ((bits >> 52) & 2047));
CREATE OR REPLACE FUNCTION sqlite.round_exactly(v double precision, digits integer) RETURNS numeric IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN mod(abs(v)::numeric * pg_catalog.power(10::numeric, digits), 1) = 0.5 AND sqlite.is_less(('x' || encode(float8send(abs(v)), 'hex'))::bit(64)::bigint, abs(v)::numeric)
    THEN pg_catalog.trunc(v::numeric, digits)
  ELSE pg_catalog.round(v::numeric, digits)
END;
CREATE OR REPLACE FUNCTION sqlite.round(v double precision, digits bigint) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(v) < 1e15 THEN sqlite.round_exactly(v, least(greatest(digits, 0), 30)::integer)::double precision ELSE v END;
CREATE OR REPLACE FUNCTION sqlite.acos(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v BETWEEN -1 AND 1 THEN pg_catalog.acos(v) END;
CREATE OR REPLACE FUNCTION sqlite.asin(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v BETWEEN -1 AND 1 THEN pg_catalog.asin(v) END;
CREATE OR REPLACE FUNCTION sqlite.sqrt(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v >= 0 THEN pg_catalog.sqrt(v) END;
CREATE OR REPLACE FUNCTION sqlite.ln(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v > 0 THEN pg_catalog.ln(v) END;
CREATE OR REPLACE FUNCTION sqlite.log10(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v > 0 THEN pg_catalog.log(v) END;
CREATE OR REPLACE FUNCTION sqlite.exp(v double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v > 709 THEN 'Infinity' WHEN v < -700 THEN 0 ELSE pg_catalog.exp(v) END;
CREATE OR REPLACE FUNCTION sqlite.power(a double precision, b double precision) RETURNS double precision IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN a = 0 AND b < 0 OR a < 0 AND b <> trunc(b) THEN NULL
  WHEN a = 0 OR abs(b * pg_catalog.ln(abs(a))) < 700 THEN pg_catalog.power(a, b)
  WHEN b * pg_catalog.ln(abs(a)) < 0 THEN 0
  ELSE 'Infinity'
END;
CREATE OR REPLACE FUNCTION sqlite.random() RETURNS bigint VOLATILE RETURN ('x' || substr(replace(gen_random_uuid()::pg_catalog.text, '-', ''), 17))::bit(64)::bigint;

CREATE OR REPLACE FUNCTION sqlite.randomblob(n bigint) RETURNS pg_catalog.bytea VOLATILE
RETURN (SELECT decode(substr(string_agg(replace(gen_random_uuid()::pg_catalog.text, '-', ''), ''), 1, (2 * n)::integer), 'hex') FROM generate_series(1, (least(greatest(n, 1), 1000000) + 15) / 16));
CREATE OR REPLACE FUNCTION sqlite.hex(v pg_catalog.bytea) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN pg_catalog.upper(encode(v, 'hex'));
CREATE OR REPLACE FUNCTION sqlite.hex(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN pg_catalog.upper(encode(convert_to(coalesce(v, ''), 'UTF8'), 'hex'));
CREATE OR REPLACE FUNCTION sqlite.hex(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.hex(sqlite.to_text(v));
CREATE OR REPLACE FUNCTION sqlite.hex(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.hex(sqlite.to_text(v));
CREATE OR REPLACE FUNCTION sqlite.hex(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.hex(sqlite.to_text(v));
CREATE OR REPLACE FUNCTION sqlite.unicode(v pg_catalog.text) RETURNS integer IMMUTABLE PARALLEL SAFE RETURN CASE WHEN v <> '' THEN ascii(v) END;
CREATE OR REPLACE FUNCTION sqlite.char(VARIADIC v bigint[]) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(chr(CASE WHEN c BETWEEN 1 AND 55295 OR c BETWEEN 57344 AND 1114111 THEN c ELSE 65533 END::integer), '' ORDER BY n) FROM unnest(v) WITH ORDINALITY AS u(c, n));
CREATE OR REPLACE FUNCTION sqlite.replace(v pg_catalog.text, old pg_catalog.text, new pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN CASE WHEN old = '' THEN v ELSE pg_catalog.replace(v, old, new) END;

-- A value as a literal of SQL. A number reads back as the same one.
CREATE OR REPLACE FUNCTION sqlite.quote(v pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN coalesce('''' || pg_catalog.replace(v, '''', '''''') || '''', 'NULL');
CREATE OR REPLACE FUNCTION sqlite.quote(v bigint) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN coalesce(v::pg_catalog.text, 'NULL');
CREATE OR REPLACE FUNCTION sqlite.quote(v double precision) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN v IS NULL THEN 'NULL'
  WHEN abs(v) = 'Infinity' THEN CASE WHEN v < 0 THEN '-9.0e+999' ELSE '9.0e+999' END
  WHEN sqlite.number_text(v)::double precision = v THEN sqlite.number_text(v)
  ELSE v::pg_catalog.text
END;
CREATE OR REPLACE FUNCTION sqlite.quote(v boolean) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN sqlite.quote(v::integer::bigint);
CREATE OR REPLACE FUNCTION sqlite.quote(v sqlite.value) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (v).rank = 1 THEN sqlite.quote((v).number) ELSE sqlite.quote((v).text) END;
CREATE OR REPLACE FUNCTION sqlite.quote(v pg_catalog.bytea) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN coalesce('X''' || pg_catalog.upper(encode(v, 'hex')) || '''', 'NULL');

-- A negative start counts from the end.
CREATE OR REPLACE FUNCTION sqlite.substr(v pg_catalog.text, start bigint) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN substring(v FROM CASE WHEN start < 0 THEN greatest(length(v) + start + 1, 1) WHEN start >= 0 THEN least(start, 1000000000) END::integer);
CREATE OR REPLACE FUNCTION sqlite.substr(v pg_catalog.text, start bigint, count bigint) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN count IS NULL OR start IS NULL THEN NULL
  -- A negative count takes the characters before the start.
  WHEN count < 0 THEN (
    SELECT substring(v FROM greatest(f.first - f.taken, 0) + 1 FOR greatest(f.taken + least(f.first - f.taken, 0), 0)) FROM (
      SELECT greatest(p.first, 0) AS first, CASE WHEN start < 0 THEN greatest(p.taken + least(p.first, 0), 0) WHEN start = 0 THEN p.taken - 1 ELSE p.taken END AS taken
      FROM (SELECT CASE WHEN start < 0 THEN length(v) + greatest(start, -1000000000) WHEN start > 0 THEN least(start, 1000000000) - 1 ELSE 0 END::integer AS first,
        -greatest(count, -1000000000)::integer AS taken) AS p
    ) AS f
  )
  ELSE substring(v FROM CASE WHEN start < 0 THEN length(v) + greatest(start, -1000000000) + 1 ELSE least(start, 1000000000) END::integer FOR least(count, 1000000000)::integer)
END;

-- Shifts by more than all bits, and by negative numbers, which shift the other way.
CREATE OR REPLACE FUNCTION sqlite.shift_left(v bigint, by bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NULL THEN NULL WHEN by >= 64 THEN 0 WHEN by >= 0 THEN v << by::integer WHEN by > -64 THEN v >> -by::integer WHEN v >= 0 THEN 0 ELSE -1 END;
CREATE OR REPLACE FUNCTION sqlite.shift_right(v bigint, by bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN v IS NULL THEN NULL WHEN by <= -64 THEN 0 WHEN by <= 0 THEN v << -by::integer WHEN by < 64 THEN v >> by::integer WHEN v >= 0 THEN 0 ELSE -1 END;

-- GLOB is case-sensitive: * and ? are wildcards, [a-z] and [^a-z] are classes.
-- A class that is not closed matches nothing.
CREATE OR REPLACE FUNCTION sqlite.glob(pattern pg_catalog.text, v pg_catalog.text) RETURNS boolean IMMUTABLE PARALLEL SAFE
RETURN v ~ ('^(?:' || (
  SELECT coalesce(string_agg(CASE
    WHEN m[1] = '*' THEN '.*'
    WHEN m[1] = '?' THEN '.'
    WHEN m[1] = '[' THEN '$.'
    WHEN m[1] LIKE '[^%' THEN '[^' || regexp_replace(substr(m[1], 3, length(m[1]) - 3), '([\\\[\]^])', '\\\1', 'g') || ']'
    WHEN m[1] LIKE '[%' THEN '[' || regexp_replace(substr(m[1], 2, length(m[1]) - 2), '([\\\[\]^])', '\\\1', 'g') || ']'
    WHEN m[1] ~ '\w' THEN m[1]
    ELSE '\' || m[1]
  END, '' ORDER BY n), '') FROM regexp_matches(pattern, '(\[\^?\]?[^\]]*\]|.)', 'g') WITH ORDINALITY AS p(m, n)
) || ')$');

-- The conversions of printf, by their flags.
CREATE OR REPLACE FUNCTION sqlite.format_text(v pg_catalog.text, flags pg_catalog.text, width integer, digits integer) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN length(coalesce(pg_catalog.left(v, digits), v, '')) >= width THEN coalesce(pg_catalog.left(v, digits), v, '')
  WHEN flags LIKE '%-%' THEN rpad(coalesce(pg_catalog.left(v, digits), v, ''), width)
  ELSE lpad(coalesce(pg_catalog.left(v, digits), v, ''), width)
END;
CREATE OR REPLACE FUNCTION sqlite.format_number(sign double precision, digits pg_catalog.text, flags pg_catalog.text, width integer) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN sqlite.format_text(
  CASE WHEN sign < 0 THEN '-' WHEN flags LIKE '%+%' THEN '+' WHEN flags LIKE '% %' THEN ' ' ELSE '' END
  || CASE WHEN flags LIKE '%0%' AND flags NOT LIKE '%-%' THEN repeat('0', width - length(digits) - CASE WHEN sign < 0 OR flags LIKE ANY ('{%+%,% %}') THEN 1 ELSE 0 END) ELSE '' END || digits,
  flags, width, NULL);
CREATE OR REPLACE FUNCTION sqlite.with_commas(digits pg_catalog.text, flags pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN flags LIKE '%,%' THEN reverse(regexp_replace(reverse(digits), '(\d{3})(?=\d)', '\1,', 'g')) ELSE digits END;
CREATE OR REPLACE FUNCTION sqlite.format_integer(v bigint, flags pg_catalog.text, width integer) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN sqlite.format_number(coalesce(v, 0), sqlite.with_commas(ltrim(coalesce(v, 0)::pg_catalog.text, '-'), flags), flags, width);
CREATE OR REPLACE FUNCTION sqlite.format_unsigned(v bigint, letter pg_catalog.text, flags pg_catalog.text, width integer) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN sqlite.format_number(0, CASE letter
  WHEN 'x' THEN to_hex(coalesce(v, 0))
  WHEN 'X' THEN pg_catalog.upper(to_hex(coalesce(v, 0)))
  ELSE (coalesce(v, 0) + CASE WHEN v < 0 THEN 18446744073709551616 ELSE 0 END)::pg_catalog.text
END, translate(flags, '+ ', ''), width);
CREATE OR REPLACE FUNCTION sqlite.format_real(v double precision, flags pg_catalog.text, width integer, digits integer) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN abs(v) = 'Infinity' THEN sqlite.format_number(v, 'Inf', replace(flags, '0', ''), width)
  ELSE sqlite.format_number(coalesce(v, 0), sqlite.with_commas(split_part(sqlite.round_exactly(abs(coalesce(v, 0)), digits)::pg_catalog.text, '.', 1), flags)
    || CASE WHEN digits > 0 THEN '.' || split_part(sqlite.round_exactly(abs(coalesce(v, 0)), digits)::pg_catalog.text, '.', 2) ELSE '' END, flags, width)
END;

-- Aggregates. any_row returns the value of a column that is not grouped by in
-- one of the rows.
CREATE OR REPLACE FUNCTION sqlite.first_of(a anyelement, b anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT a';
CREATE OR REPLACE AGGREGATE sqlite.any_row(anyelement) (SFUNC = sqlite.first_of, STYPE = anyelement);
CREATE OR REPLACE FUNCTION sqlite.average(a double precision[]) RETURNS double precision IMMUTABLE PARALLEL SAFE RETURN CASE WHEN a[2] > 0 THEN a[1] / a[2] END;
CREATE OR REPLACE FUNCTION sqlite.close_array(t pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN '[' || coalesce(t, '') || ']';
CREATE OR REPLACE FUNCTION sqlite.close_object(t pg_catalog.text) RETURNS pg_catalog.text IMMUTABLE PARALLEL SAFE RETURN '{' || coalesce(t, '') || '}';
DO $build$
DECLARE
  type pg_catalog.text;
  options CONSTANT pg_catalog.text := 'IMMUTABLE PARALLEL SAFE';
BEGIN
  FOREACH type IN ARRAY ARRAY['pg_catalog.text', 'double precision', 'boolean', 'sqlite.value'] LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.add_element(a pg_catalog.text, b %s) RETURNS pg_catalog.text %s RETURN coalesce(a || '','', '''') || sqlite.json_quote(b)', type, options);
    EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.json_group_array(%s) (SFUNC = sqlite.add_element, STYPE = pg_catalog.text, FINALFUNC = sqlite.close_array)', type);
    EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.add_member(a pg_catalog.text, k pg_catalog.text, b %s) RETURNS pg_catalog.text %s RETURN coalesce(a || '','', '''') || sqlite.json_quote(k) || '':'' || sqlite.json_quote(b)', type, options);
    EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.json_group_object(pg_catalog.text, %s) (SFUNC = sqlite.add_member, STYPE = pg_catalog.text, FINALFUNC = sqlite.close_object)', type);
    EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.append(a pg_catalog.text, b %s) RETURNS pg_catalog.text %s RETURN CASE WHEN b IS NULL THEN a ELSE coalesce(a || '','', '''') || sqlite.to_text(b) END', type, options);
    EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.group_concat(%s) (SFUNC = sqlite.append, STYPE = pg_catalog.text)', type);
    EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.append(a pg_catalog.text, b %s, separator pg_catalog.text) RETURNS pg_catalog.text %s RETURN CASE WHEN b IS NULL THEN a ELSE coalesce(a || separator, '''') || sqlite.to_text(b) END', type, options);
    EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.group_concat(%s, pg_catalog.text) (SFUNC = sqlite.append, STYPE = pg_catalog.text)', type);
    EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.add_total(a double precision, b %s) RETURNS double precision %s RETURN a + coalesce(sqlite.to_real(b), 0)', type, options);
    EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.total(%s) (SFUNC = sqlite.add_total, STYPE = double precision, INITCOND = ''0'')', type);
    IF type <> 'double precision' THEN
      EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.add_average(a double precision[], b %s) RETURNS double precision[] %s RETURN CASE WHEN b IS NULL THEN a ELSE ARRAY[a[1] + sqlite.to_real(b), a[2] + 1] END', type, options);
      EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.avg(%s) (SFUNC = sqlite.add_average, STYPE = double precision[], INITCOND = ''{0,0}'', FINALFUNC = sqlite.average)', type);
      EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.add_sum(a double precision, b %s) RETURNS double precision %s RETURN CASE WHEN b IS NULL THEN a ELSE coalesce(a, 0) + sqlite.to_real(b) END', type, options);
      EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.sum(%s) (SFUNC = sqlite.add_sum, STYPE = double precision)', type);
    END IF;
    IF type IN ('boolean', 'sqlite.value') THEN
      EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.smaller(a %1$s, b %1$s) RETURNS %1$s %2$s STRICT RETURN CASE WHEN b OPERATOR(%3$s.<) a THEN b ELSE a END', type, options, CASE type WHEN 'boolean' THEN 'pg_catalog' ELSE 'sqlite' END);
      EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.min(%1$s) (SFUNC = sqlite.smaller, STYPE = %1$s)', type);
      EXECUTE format('CREATE OR REPLACE FUNCTION sqlite.larger(a %1$s, b %1$s) RETURNS %1$s %2$s STRICT RETURN CASE WHEN b OPERATOR(%3$s.>) a THEN b ELSE a END', type, options, CASE type WHEN 'boolean' THEN 'pg_catalog' ELSE 'sqlite' END);
      EXECUTE format('CREATE OR REPLACE AGGREGATE sqlite.max(%1$s) (SFUNC = sqlite.larger, STYPE = %1$s)', type);
    END IF;
  END LOOP;
END $build$;
