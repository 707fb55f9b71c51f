package routes_test

import (
	"testing"

	"carebase/internal/browsertest"
	"carebase/internal/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m, browsertest.Close) }
