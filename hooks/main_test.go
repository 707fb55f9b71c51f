package hooks_test

import (
	"testing"

	"carebase/internal/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }
