package sqltext_test

import (
	"testing"

	"carebase/internal/sqltext"
)

func TestColumnsThatAreOutputsOnly(t *testing.T) {
	columns := map[string]bool{"tokenkey": true, "password": true}
	for query, want := range map[string]bool{
		"SELECT * FROM users": true,
		"SELECT id, tokenKey FROM users WHERE name = 'tokenKey' ORDER BY name LIMIT 1":                                                                  true,
		"SELECT u.tokenKey AS x, `password` y FROM users u":                                                                                             true,
		"SELECT tokenKey x FROM users UNION ALL SELECT id FROM patients":                                                                                true,
		"SELECT x FROM (SELECT tokenKey AS x FROM users)":                                                                                               true,
		"WITH a AS (SELECT tokenKey AS x FROM users), b AS MATERIALIZED (SELECT x AS y FROM a) SELECT b.y AS z FROM patients p JOIN (b) ON p.id = 1, a": true,
		"SELECT count(*) FROM users GROUP BY name":                                                                                                      true,
		"SELECT main.users.tokenKey FROM (users JOIN patients ON users.id = created_by)":                                                                true,
		"SELECT ALL tokenKey": true,

		"SELECT hex(tokenKey) FROM users":                                                false,
		"SELECT tokenKey || '' FROM users":                                               false,
		"SELECT (tokenKey) FROM users":                                                   false,
		"SELECT -tokenKey FROM users":                                                    false,
		"SELECT id FROM users WHERE tokenKey > 'K'":                                      false,
		"SELECT id FROM users WHERE \"TokenKey\" > 'K'":                                  false,
		"SELECT id FROM users ORDER BY [tokenKey]":                                       false,
		"SELECT tokenKey FROM users ORDER BY 1":                                          false,
		"SELECT * FROM users ORDER BY name, 3":                                           false,
		"SELECT count(*) FROM users GROUP BY tokenKey":                                   false,
		"SELECT DISTINCT tokenKey FROM users":                                            false,
		"SELECT tokenKey FROM users UNION SELECT 'a'":                                    false,
		"SELECT tokenKey FROM users EXCEPT SELECT 'a'":                                   false,
		"SELECT * FROM users NATURAL JOIN users v":                                       false,
		"SELECT * FROM users JOIN users v USING (tokenKey)":                              false,
		"SELECT x FROM (SELECT tokenKey AS x FROM users) WHERE x > 'K'":                  false,
		"SELECT hex(x) FROM (SELECT tokenKey x FROM users)":                              false,
		"SELECT y FROM (SELECT tokenKey x FROM users) a, (SELECT x y FROM b) ORDER BY y": false,
		"SELECT max(tokenKey) FROM users":                                                false,
		"SELECT (SELECT tokenKey FROM users)":                                            false,
		"SELECT 1 WHERE 'a' IN (SELECT tokenKey FROM users)":                             false,
		"SELECT EXISTS (SELECT tokenKey FROM users)":                                     false,
		"SELECT coalesce(1, (SELECT tokenKey FROM users))":                               false,
		"WITH a(x) AS (SELECT tokenKey FROM users) SELECT x FROM a WHERE x > 'K'":        false,
		"SELECT tokenKey COLLATE NOCASE FROM users":                                      false,
		"SELECT tokenKey IS NULL FROM users":                                             false,
		"SELECT CASE WHEN tokenKey > 'K' THEN 1 END FROM users":                          false,
		"SELECT row_number() OVER (ORDER BY tokenKey) FROM users":                        false,
		"SELECT id FROM users JOIN patients ON tokenKey > 'K'":                           false,
		"VALUES ((SELECT tokenKey FROM users))":                                          false,
	} {
		tokens, err := sqltext.One(query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got := sqltext.OutputsOnly(tokens, columns); got != want {
			t.Errorf("%s: got %v", query, got)
		}
	}
}
