// Package model reads the models, tests and queries of a project into checked
// values and their graph. What an analyst wrote is bound against empty typed tables
// by a [Binder], so that every fault of every file is known before any data is.
//
// It runs no model on data but a unit test's few given rows ([Project.RunUnitTest]),
// plans nothing and publishes nothing; the engine does, from what stands here.
package model
