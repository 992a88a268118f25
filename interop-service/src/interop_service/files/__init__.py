"""Files of materials (材料文件): what travels beside a message, in chunks, each file once."""
