package importer

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"carebase/internal/collections"
	"carebase/internal/django"
)

// check runs the checks that need all rows.
func (i *Import) check(ctx context.Context) error {
	for _, step := range []func(context.Context) error{i.checkAddresses, i.checkDuplicateAddresses, i.checkOwners, i.checkMappings} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checkAddresses finds users with an invalid e-mail address.
func (i *Import) checkAddresses(ctx context.Context) error {
	const query = "SELECT id, email FROM users ORDER BY id"
	var without []int64
	err := i.stage.each(ctx, query, func(row []any) error {
		id, address := row[0].(int64), row[1].(string)
		if isAddress(address) {
			return nil
		}
		if i.options.KeepFirst {
			without = append(without, id)
		} else {
			i.problems.add(i.found.users.Name, idText(id), "%q is no e-mail address", shorten(address))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range without {
		if err := i.rename(ctx, id, "", "has no e-mail address"); err != nil {
			return err
		}
	}
	return nil
}

// isAddress reports whether a text is usable as an e-mail address.
func isAddress(text string) bool {
	at := strings.LastIndexByte(text, '@')
	return at > 0 && at < len(text)-1 && strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) < 0
}

func shorten(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// rename gives a user a placeholder address, which cannot sign in.
func (i *Import) rename(ctx context.Context, id int64, address, reason string) error {
	if _, err := i.stage.exec(ctx, "UPDATE users SET left_out = 1 WHERE id = ?", id); err != nil {
		return err
	}
	if len(i.resolved) < maxProblems {
		i.resolved = append(i.resolved, fmt.Sprintf("User %d %s and gets the address %s, which cannot sign in until an operator changes it.",
			id, reason, django.Placeholder(idText(id), address)))
	}
	return nil
}

// checkDuplicateAddresses finds users whose addresses differ only in the case of ASCII
// letters, as the target's unique index compares them.
func (i *Import) checkDuplicateAddresses(ctx context.Context) error {
	const query = `SELECT id, email, elder FROM (
		SELECT id, email, first_value(id) OVER same AS elder, row_number() OVER same AS position
		FROM users WHERE left_out = 0 WINDOW same AS (PARTITION BY email COLLATE NOCASE ORDER BY created, id)
	) WHERE position > 1 ORDER BY id`
	type duplicate struct {
		id, elder int64
		email     string
	}
	var duplicates []duplicate
	err := i.stage.each(ctx, query, func(row []any) error {
		found := duplicate{row[0].(int64), row[2].(int64), row[1].(string)}
		if i.options.KeepFirst {
			duplicates = append(duplicates, found)
		} else if isAddress(found.email) {
			i.problems.add(i.found.users.Name, idText(found.id), "the e-mail address %q is that of %d, too, without regard to case (--resolve keep-first)", shorten(found.email), found.elder)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, found := range duplicates {
		if err := i.rename(ctx, found.id, found.email, fmt.Sprintf("has the same address as user %d", found.elder)); err != nil {
			return err
		}
	}
	return nil
}

// reportDangling reports rows whose foreign key is null or dangling.
func (i *Import) reportDangling(ctx context.Context, collection, column, target, what string) error {
	kind := i.kindOf(collection)
	if kind == nil || kind.unreadable {
		return nil
	}
	if named := i.kindOf(target); named != nil && named.unreadable {
		return nil // reported already
	}
	query := fmt.Sprintf("SELECT id, %[1]s FROM %[2]s WHERE %[1]s IS NULL OR %[1]s NOT IN (SELECT id FROM %[3]s) ORDER BY id", column, collection, target)
	return i.stage.each(ctx, query, func(row []any) error {
		id := idText(row[0].(int64))
		if row[1] == nil {
			i.problems.add(kind.table.Name, id, "there is no %s", what)
		} else {
			i.problems.add(kind.table.Name, id, "the %s %d does not exist", what, row[1])
		}
		return nil
	})
}

// checkOwners finds rows without an owner. Doctors without one are assigned to a
// superuser.
func (i *Import) checkOwners(ctx context.Context) error {
	ownerless, err := i.stage.one(ctx, "SELECT 1 FROM doctors WHERE created_by IS NULL")
	if err != nil {
		return err
	}
	if ownerless != nil {
		superuser, err := i.stage.one(ctx, "SELECT id FROM users WHERE superuser = 1 ORDER BY inactive, id LIMIT 1")
		if err != nil {
			return err
		}
		i.doctorsOwner, _ = superuser.(int64)
	}
	if i.doctorsOwner != 0 {
		// left_out excludes the changed owner from the comparison with the source.
		if _, err := i.stage.exec(ctx, "UPDATE doctors SET created_by = ?, left_out = 1 WHERE created_by IS NULL", i.doctorsOwner); err != nil {
			return err
		}
	}
	if err := i.reportDangling(ctx, collections.Patients, "created_by", collections.Users, "owner"); err != nil {
		return err
	}
	return i.reportDangling(ctx, collections.Doctors, "created_by", collections.Users, "owner")
}

// checkMappings finds mappings without a patient or doctor, and duplicate pairs.
func (i *Import) checkMappings(ctx context.Context) error {
	kind := i.kindOf(collections.Mappings)
	if kind == nil {
		return nil
	}
	for _, end := range []struct{ column, collection string }{{"patient", collections.Patients}, {"doctor", collections.Doctors}} {
		if err := i.reportDangling(ctx, collections.Mappings, end.column, end.collection, end.column); err != nil {
			return err
		}
	}
	const query = `SELECT id, elder FROM (
		SELECT id, first_value(id) OVER same AS elder, row_number() OVER same AS position
		FROM mappings WHERE patient IS NOT NULL AND doctor IS NOT NULL WINDOW same AS (PARTITION BY patient, doctor ORDER BY assigned_at, id)
	) WHERE position > 1 ORDER BY id`
	var later []int64
	err := i.stage.each(ctx, query, func(row []any) error {
		id := row[0].(int64)
		if !i.options.KeepFirst {
			i.problems.add(kind.table.Name, idText(id), "patient and doctor are those of %d, too (--resolve keep-first)", row[1])
			return nil
		}
		later = append(later, id)
		if len(i.resolved) < maxProblems {
			i.resolved = append(i.resolved, fmt.Sprintf("Mapping %d is left out: %d is of the same patient and doctor.", id, row[1]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range later {
		if err := i.leaveOut(ctx, kind, id); err != nil {
			return err
		}
	}
	return nil
}

// leaveOut excludes a row from the import and its checksum.
func (i *Import) leaveOut(ctx context.Context, kind *kind, id int64) error {
	const flag = 1 // the last column, left_out
	err := i.stage.each(ctx, "SELECT * FROM "+kind.collection+" WHERE id = ?", func(row []any) error {
		i.hash.remove(&kind.sum, i.hashed(kind, row[:len(row)-flag]))
		return nil
	}, id)
	if err != nil {
		return err
	}
	kind.rows--
	_, err = i.stage.exec(ctx, "UPDATE "+kind.collection+" SET left_out = 1 WHERE id = ?", id)
	return err
}
