package config

import (
	"strconv"
	"strings"
	"time"
)

// AuditReads says how the audit trail records reads.
type AuditReads string

const (
	// AuditReadsBatched stores reads within a second, many per transaction.
	AuditReadsBatched AuditReads = "batched"
	// AuditReadsSync stores each read before it is answered.
	AuditReadsSync AuditReads = "sync"
	// AuditReadsOff records changes and denied reads only.
	AuditReadsOff AuditReads = "off"
)

const (
	day = 24 * time.Hour
	// defaultAuditRetention is six years, as HIPAA requires.
	defaultAuditRetention = 2192 * day
	maxAuditRetention     = 100 * 366 * day
)

func (v *validator) auditReads(name, value string) AuditReads {
	switch reads := AuditReads(value); reads {
	case "":
		return AuditReadsBatched
	case AuditReadsBatched, AuditReadsSync, AuditReadsOff:
		return reads
	}
	v.problem(name, value, "batched, sync or off")
	return ""
}

// retention parses a number of days, with or without a d, or a duration.
func (v *validator) retention(name, value string) time.Duration {
	if value == "" {
		return defaultAuditRetention
	}
	retention, err := time.ParseDuration(value)
	if days, daysErr := strconv.Atoi(strings.TrimSuffix(value, "d")); daysErr == nil && days <= int(maxAuditRetention/day) {
		retention, err = time.Duration(days)*day, nil
	}
	if err != nil || retention < day || retention > maxAuditRetention {
		v.problem(name, value, "a number of days such as 2192d, or a duration of at least 24h")
		return 0
	}
	return retention
}
