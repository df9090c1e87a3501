// A window that has done its work closes itself.
close();
