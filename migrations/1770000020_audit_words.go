package migrations

import (
	"strings"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The dashboard shows who did what in words, before the codes that events have.
func init() {
	pocketbase.Register(setAuditView(auditViewInWords), setAuditView(auditViewInOrder))
}

var (
	// auditViewInOrder is the view that 1769000100 makes.
	auditViewInOrder = strings.Replace(auditViewWithImpersonator, recordedAtExtraction, recordedAtInView, 1)

	auditViewInWords = strings.NewReplacer(
		" AS recorded_at,", ` AS recorded_at,
	CAST(COALESCE(u.name, NULLIF(json_extract(l.event, '$.agent_type'), ''), 'nobody') AS TEXT) AS who,
	CAST(CASE json_extract(l.event, '$.action') WHEN 'C' THEN 'created' WHEN 'R' THEN 'read' WHEN 'U' THEN 'changed' WHEN 'D' THEN 'deleted' ELSE 'executed' END AS TEXT) AS what,`,
		"\nFROM audit_log l", "\nFROM audit_log l LEFT JOIN users u ON u.id = json_extract(l.event, '$.agent')",
	).Replace(auditViewInOrder)
)
