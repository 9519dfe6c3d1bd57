package warehouse_test

func holdServer() (bool, int) { return false, 0 }
