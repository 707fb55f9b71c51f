package migrations

import (
	"strings"

	pocketbase "github.com/pocketbase/pocketbase/migrations"
)

// The dashboard names superusers by their addresses: there may be several.
func init() {
	pocketbase.Register(setAuditView(auditViewWithSuperusers), setAuditView(auditViewInWords))
}

var auditViewWithSuperusers = strings.NewReplacer(
	"COALESCE(u.name, ", "COALESCE(NULLIF(u.name, ''), superuser.email, ",
	" LEFT JOIN users u ON u.id = json_extract(l.event, '$.agent')",
	" LEFT JOIN users u ON u.id = json_extract(l.event, '$.agent') LEFT JOIN _superusers superuser ON superuser.id = json_extract(l.event, '$.agent')",
).Replace(auditViewInWords)
