package spark

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestRunsOn: wherever the master is said, a cluster's executors are not told that the
// driver is on a machine of their own.
func TestRunsOn(t *testing.T) {
	for name, c := range map[string]struct {
		settings             Settings
		defaults, env, where string // what spark-defaults.conf and the environment say
	}{
		"nowhere":               {where: DefaultMaster},
		"the setting":           {Settings{Master: "local[3]", Conf: map[string]string{"spark.master": "yarn"}}, "spark.master yarn\n", "yarn", "local[3]"},
		"a property":            {Settings{Conf: map[string]string{"spark.master": "yarn"}}, "spark.master local\n", "local", "yarn"},
		"spark-defaults.conf":   {where: "spark://b:7077", defaults: "# spark.master local\nspark.masters x\n spark.master=yarn\nspark.master\t spark://b:7077 \nspark.x y\n", env: "local"},
		"its colon":             {where: "yarn", defaults: "spark.master:yarn"},
		"another's defaults":    {where: DefaultMaster, defaults: "spark.x.spark.master yarn\n"},
		"the environment alone": {where: "yarn", env: "yarn"},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			conf := filepath.Join(home, "conf")
			if err := errors.Join(os.Mkdir(conf, 0o755), os.WriteFile(filepath.Join(conf, "spark-defaults.conf"), []byte(c.defaults), 0o644)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("MASTER", c.env)
			for where, set := range map[string]struct{ setting, home, conf string }{
				"spark.home": {home, "/nowhere", ""}, "SPARK_HOME": {"", home, ""}, "SPARK_CONF_DIR": {"/nowhere", "/nowhere", conf},
			} {
				s := c.settings
				s.Home = set.setting
				t.Setenv("SPARK_HOME", set.home)
				t.Setenv("SPARK_CONF_DIR", set.conf)
				if s.RunsOn() != c.where {
					t.Errorf("by %s: %s, want %s", where, s.RunsOn(), c.where)
				}
				all, err := s.properties()
				if err != nil {
					t.Fatal(err)
				}
				if _, bound := all["spark.driver.host"]; bound != isLocal(c.where) {
					t.Errorf("by %s: on %s the driver's host is %q", where, s.RunsOn(), all["spark.driver.host"])
				}
			}
		})
	}
}
